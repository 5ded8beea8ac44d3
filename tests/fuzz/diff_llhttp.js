// Tells what llhttp makes of bytes: the same questions and answers as diff_dump.c. It is the build that undici carries.
// Each message gets a parser of its own, so that where it ends is seen, and no state is carried over.
'use strict'

const path = require('node:path')
const modules = require('node:module').createRequire(path.resolve('build/node/package.json'))

const REQUEST = 1, RESPONSE = 2 // llhttp_type
const PAUSED = 21, UPGRADE = 22 // llhttp_errno
const SKIP_CONTENT = 1 // what on_headers_complete may answer

let wasm, message

function text (at, len) {
  return Buffer.from(wasm.memory.buffer, at, len).toString('hex')
}

// A field's name, or its value, may come in pieces.
function onName (at, len) {
  if (message.fields.length === 0 || message.fields.at(-1)[1] !== null) message.fields.push(['', null])
  message.fields.at(-1)[0] += text(at, len)
}

function onValue (at, len) {
  message.fields.at(-1)[1] = (message.fields.at(-1)[1] ?? '') + text(at, len)
}

function onHead (parser, status) {
  message.head = true
  message.status = status
  message.minor = wasm.llhttp_get_http_minor(parser)
  if (status === 0) message.method = Buffer.from(methodOf(parser)).toString('hex')
  return message.isHead ? SKIP_CONTENT : 0
}

function onEnd (parser) {
  message.whole = true
  message.keep_alive = wasm.llhttp_should_keep_alive(parser) !== 0
  return PAUSED
}

function methodOf (parser) {
  const at = wasm.llhttp_method_name(wasm.llhttp_get_method(parser))
  const bytes = Buffer.from(wasm.memory.buffer, at, 32)
  return bytes.subarray(0, bytes.indexOf(0)).toString()
}

function reasonOf (parser) {
  const at = wasm.llhttp_get_error_reason(parser)
  if (at === 0) return ''
  const bytes = Buffer.from(wasm.memory.buffer, at, 128)
  return bytes.subarray(0, bytes.indexOf(0)).toString()
}

const callbacks = {
  wasm_on_message_begin: () => 0,
  wasm_on_url: (p, at, len) => { message.target += text(at, len); return 0 },
  wasm_on_status: (p, at, len) => { message.reason += text(at, len); return 0 },
  wasm_on_header_field: (p, at, len) => { if (!message.head) onName(at, len); return 0 },
  wasm_on_header_value: (p, at, len) => { if (!message.head) onValue(at, len); return 0 },
  wasm_on_headers_complete: onHead,
  wasm_on_body: (p, at, len) => { message.content += text(at, len); return 0 },
  wasm_on_message_complete: onEnd
}

// As Node's own callers do: llhttp leaves the spaces behind a value.
function trim (hex) {
  const bytes = Buffer.from(hex, 'hex')
  let from = 0, to = bytes.length
  while (from < to && (bytes[from] === 32 || bytes[from] === 9)) from++
  while (from < to && (bytes[to - 1] === 32 || bytes[to - 1] === 9)) to--
  return bytes.toString('hex', from, to)
}

// One message out of the bytes from `at` on; why there is none, or none behind it.
function readOne (type, isHead, base, at, len) {
  const parser = wasm.llhttp_alloc(type)
  message = { isHead, head: false, whole: false, method: '', target: '', reason: '', content: '', fields: [] }
  const code = wasm.llhttp_execute(parser, base + at, len - at)
  let end = len, why = code === 0 ? 'more' : 'bad'
  if (code === PAUSED || code === UPGRADE) {
    end = wasm.llhttp_get_error_pos(parser) - base
    why = 'all'
  } else if (code === 0 && type === RESPONSE && !message.whole && message.head && len > at) {
    wasm.llhttp_finish(parser) // the connection ends
    if (message.whole) why = 'closed'
  }
  const reason = why === 'bad' ? reasonOf(parser) : ''
  wasm.llhttp_free(parser)
  for (const field of message.fields) field[1] = trim(field[1] ?? '')
  return { ...message, end, why, reason_of_refusal: reason }
}

function read (kind, bytes) {
  const type = kind === 'q' ? REQUEST : RESPONSE
  const base = wasm.malloc(bytes.length + 1)
  new Uint8Array(wasm.memory.buffer, base, bytes.length).set(bytes)
  const messages = []
  let at = 0, why = 'all', reason = ''
  while (at < bytes.length && why === 'all') {
    const one = readOne(type, kind === 'h', base, at, bytes.length)
    why = one.why
    reason = one.reason_of_refusal
    at = one.end
    if (one.head) messages.push(one)
    if (type === RESPONSE && (one.status >= 200 || one.status === 101)) break // the final one
  }
  wasm.free(base)
  return { messages, stops: why, reason }
}

// --- questions from standard input, one answer a line ---

let pending = Buffer.alloc(0)

function answer (chunk) {
  pending = Buffer.concat([pending, chunk])
  let at = 0
  const lines = []
  while (pending.length - at >= 5) {
    const len = pending.readUInt32BE(at)
    if (pending.length - at < 5 + len) break
    const kind = String.fromCharCode(pending[at + 4])
    lines.push(JSON.stringify(read(kind, pending.subarray(at + 5, at + 5 + len))))
    at += 5 + len
  }
  pending = pending.subarray(at)
  if (lines.length) process.stdout.write(lines.join('\n') + '\n')
}

async function main () {
  const instance = await WebAssembly.instantiate(modules('undici/lib/llhttp/llhttp-wasm.js'), { env: callbacks })
  wasm = instance.instance.exports
  wasm._initialize()
  process.stdin.on('data', answer)
}

main()
