-- A client that rests a millisecond between an answer and its next request: what is measured is the answer, not a queue.
function delay()
   return 1
end
