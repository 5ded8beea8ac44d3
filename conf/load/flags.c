/* The command line's flags, turned into the tree of keys. */
#define _GNU_SOURCE
#include "conf/conf.h"
#include "conf/load/data_folder.h"
#include "conf/load/env.h"
#include "conf/load/load.h"
#include "conf/load/yaml_tree.h"
#include "conf/values/values_net.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* The port after the server's on the same family's loopback; any port when the server has any. */
static int put_admin_listen(struct yaml_node *root, const char *listen, struct err *err)
{
	struct conf_listen server = {.text = NULL};

	if (values_parse_listen(listen, &server) == -1)
		return err_set(err,
			"--listen: got \"%.80s\", expected address:port such as 127.0.0.1:8480",
			listen);
	unsigned port = values_listen_port(&server);
	if (port != 0)
		port = port == 65535 ? port - 1 : port + 1;
	const char *host = server.addr.ss_family == AF_INET6 ? "[::1]" : "127.0.0.1";
	char *text = mem_printf("%s:%u", host, port);
	yaml_tree_put(root, "admin.listen", text, "--listen");
	free(text);
	free(server.text);
	return 0;
}

/* Commas between its items. */
static void put_list(struct yaml_node *cluster, const char *key, const char *text, const char *flag)
{
	struct yaml_node *list = yaml_tree_add(cluster, YAML_TREE_LIST, key, NULL, flag);
	struct str rest = str_of(text), piece;

	while (str_next(&rest, ',', &piece)) {
		char *item = mem_strndup(piece.at, piece.len);
		yaml_tree_add(list, YAML_TREE_SCALAR, NULL, item, flag);
		free(item);
	}
}

static void put_cluster(struct yaml_node *root, const struct conf_flags *flags)
{
	struct yaml_node *list = yaml_tree_add(root, YAML_TREE_LIST, "clusters", NULL, "--master");
	struct yaml_node *cluster = yaml_tree_add(list, YAML_TREE_MAP, NULL, NULL, "--master");

	yaml_tree_add(cluster, YAML_TREE_SCALAR, "name", "local", "--master");
	if (flags->master)
		put_list(cluster, "masters", flags->master, "--master");
	if (flags->history)
		yaml_tree_add(cluster, YAML_TREE_SCALAR, "history", flags->history, "--history");
	if (flags->network)
		put_list(cluster, "networks", flags->network, "--network");
}

static const char *text_at(const struct yaml_node *root, struct str group, struct str key)
{
	const struct yaml_node *map = group.len ? yaml_tree_child(root, group) : root;
	const struct yaml_node *node = yaml_tree_child(map, key);

	return node ? node->text : NULL;
}

static int put_store(struct yaml_node *root, const char *flag, struct err *err)
{
	char *folder = data_folder_of(flag, err);

	if (folder == NULL)
		return -1;
	char *store = mem_printf("sqlite:%s/state.db", folder);
	yaml_tree_put(root, "store", store, "--data");
	free(store);
	free(folder);
	return 0;
}

/* The tree holds the environment's part already; a flag wins over it, a default of ours does not.
 */
static int put_flags(struct yaml_node *root, const struct conf_flags *flags, struct err *err)
{
	const char *listen = text_at(root, STR("server"), STR("listen"));

	if (flags->master == NULL && flags->history == NULL)
		return err_set(err, "--master: missing, expected the web address of a master "
				    "(or --history, or --config FILE)");
	if (flags->listen || listen == NULL)
		listen = flags->listen ? flags->listen : "127.0.0.1:8480";
	if (!text_at(root, STR("admin"), STR("listen")) &&
		put_admin_listen(root, listen, err) == -1)
		return -1;
	if ((flags->data || !text_at(root, STR(""), STR("store"))) &&
		put_store(root, flags->data, err) == -1)
		return -1;
	if (flags->listen)
		yaml_tree_put(root, "server.listen", listen, "--listen");
	if (flags->public_url)
		yaml_tree_put(root, "server.public_url", flags->public_url, "--public-url");
	put_cluster(root, flags);
	return 0;
}

struct conf *conf_from_flags(const struct conf_flags *flags, struct err *err)
{
	struct yaml_node *root = yaml_tree_new();

	/* What is said on the command line is nearer than the environment: put last, it wins. */
	if (load_env(root, environ, err) == -1 || put_flags(root, flags, err) == -1) {
		yaml_tree_free(root);
		return NULL;
	}
	return load_tree_and_files(NULL, root, err);
}
