// Put into Spark's pages: when a page asks for data and its session has ended, a person is to see that, not an empty table.
(function () {
	var gate = document.currentScript.src.split("/static/")[0], shown = false;

	function show() {
		var bar = document.createElement("div"), link = document.createElement("a");
		bar.id = "sparkgate-session";
		bar.setAttribute("role", "alert");
		bar.style.cssText = "position:sticky;top:0;z-index:2147483647;padding:12px 24px;text-align:center;" +
			"background:#8f2b08;color:#fff;font:600 15px/1.5 system-ui,sans-serif";
		link.href = gate + "/login?next=" + encodeURIComponent(location.pathname + location.search + location.hash);
		link.textContent = "Sign in again";
		link.style.cssText = "color:#fff;text-decoration:underline";
		bar.append("You are signed out; this page can\u2019t load its data. ", link);
		document.body.prepend(bar);
	}

	function look(status, url, challenge) {
		if (shown || status !== 401 || new URL(url, location).origin !== location.origin)
			return;
		if ((challenge() || "").indexOf('realm="sparkgate"') < 0)
			return;
		shown = true;
		if (document.body)
			show();
		else
			addEventListener("DOMContentLoaded", show);
	}

	var send = XMLHttpRequest.prototype.send, ask = window.fetch;
	XMLHttpRequest.prototype.send = function () {
		// Before the page's own "load": what it does then may be an alert() that waits.
		this.addEventListener("readystatechange", function () {
			var x = this;
			if (x.readyState === 4)
				look(x.status, x.responseURL, function () { return x.getResponseHeader("WWW-Authenticate"); });
		});
		return send.apply(this, arguments);
	};
	window.fetch = function () {
		return ask.apply(this, arguments).then(function (answer) {
			look(answer.status, answer.url, function () { return answer.headers.get("WWW-Authenticate"); });
			return answer;
		});
	};
})();
