// The page of a new token: buttons that copy. Everything else there works without a script.
(function () {
	var said = document.getElementById("copied");

	function text_of(source) {
		return source.value === undefined ? source.textContent : source.value;
	}

	function select(source) {
		if (source.select) {
			source.select();
			return;
		}
		getSelection().selectAllChildren(source);
	}

	document.querySelectorAll("button[data-copy]").forEach(function (button) {
		var source = document.getElementById(button.dataset.copy);

		button.hidden = false;
		button.addEventListener("click", function () {
			said.textContent = "";
			// Where the page is not secure there is no clipboard: then it is at least selected.
			(navigator.clipboard ? navigator.clipboard.writeText(text_of(source)) : Promise.reject()).then(function () {
				said.textContent = "Copied.";
			}, function () {
				select(source);
				said.textContent = "It is selected now: copy it with your keyboard.";
			});
		});
	});
})();
