// The page of a launched application's log: it is shown as it is written. Without a script there is a link to it.
(function () {
	var button = document.getElementById("follow"), said = document.getElementById("following");
	var log = document.getElementById("log"), stop = null;
	var KEPT = 1000000; // characters; the page does not grow without end

	function is_at_end() {
		return log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
	}

	function add(text) {
		var was_at_end = is_at_end();

		log.append(text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/[^\t\n\r\x20-\x7e\u00a0-\uffff]/g, "\ufffd"));
		while (log.textContent.length > KEPT && log.childNodes.length > 1)
			log.firstChild.remove();
		if (was_at_end)
			log.scrollTop = log.scrollHeight;
	}

	function end(words) {
		stop = null;
		button.textContent = "Show again";
		said.textContent = words;
	}

	async function follow() {
		var words = "The log has ended.", decoder = new TextDecoder(), now = new AbortController();

		stop = now;
		button.textContent = "Stop";
		said.textContent = "Reading\u2026";
		try {
			var answer = await fetch(button.dataset.from, {signal: now.signal, cache: "no-store"});
			if (!answer.ok)
				throw new Error(answer.status === 401 ? "Your session has ended. Sign in again." : "There is no log (" + answer.status + ").");
			log.textContent = ""; // it comes from its beginning
			log.hidden = false;
			for (var reader = answer.body.getReader(), part; !(part = await reader.read()).done;)
				add(decoder.decode(part.value, {stream: true}));
		} catch (error) {
			words = now.signal.aborted ? "Stopped." : error.message;
		}
		end(words);
	}

	if (!button || !log)
		return;
	button.hidden = false;
	button.addEventListener("click", function () {
		if (stop)
			stop.abort();
		else
			follow();
	});
	follow();
})();
