// Browsers send no server the fragment of an address: the sign-in page takes it along to where it leads.
(function () {
	function keep() {
		var mark = location.hash;
		if (!mark)
			return;
		document.querySelectorAll("input[name=next]").forEach(function (field) {
			field.value = field.value.split("#")[0] + mark;
		});
		document.querySelectorAll("a[href*='next=']").forEach(function (link) {
			var to = new URL(link.href);
			to.searchParams.set("next", to.searchParams.get("next").split("#")[0] + mark);
			link.href = to.href;
		});
	}

	addEventListener("hashchange", keep);
	keep();
})();
