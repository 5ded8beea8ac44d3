#define _GNU_SOURCE
#include "proxy/discovery/kubernetes/kube_access.h"

#include "base/files/token_file.h"
#include "base/sbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PEM_MAX = 1024 * 1024 };

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

static bool is_world_readable(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 || (st.st_mode & 0007) != 0;
}

/* Gives what is in the file, or NULL. */
static char *read_text(const char *file, bool is_secret, size_t max, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char chunk[8192];
	struct sbuf text;
	ssize_t n = -1;

	sbuf_init(&text, max);
	if (fd == -1) {
		err_set(err, "%.200s: %s", file, strerror(errno));
		return NULL;
	}
	if (is_secret && is_world_readable(fd)) {
		err_set(err, "%.200s: is open to everybody, expected: chmod 600", file);
	} else {
		while ((n = read(fd, chunk, sizeof chunk)) > 0 && !text.overflow)
			sbuf_add(&text, chunk, (size_t)n);
		explicit_bzero(chunk, sizeof chunk);
		if (n == -1 || text.len == 0 || text.overflow)
			err_set(err, "%.200s: is empty, too long or unreadable", file);
	}
	close(fd);
	if (n == 0 && text.len > 0 && !text.overflow)
		return sbuf_take(&text);
	secret_free(sbuf_take(&text));
	return NULL;
}

/* RFC 4648 §4. Gives a text, or NULL. */
static char *decode(const char *data, const char *what, struct err *err)
{
	size_t len = strlen(data);
	char *text = NULL;
	int n = -1;

	if (len <= PEM_MAX && len % 4 == 0 && len > 0) {
		text = mem_alloc(len / 4 * 3 + 1, 1);
		n = EVP_DecodeBlock((unsigned char *)text, (const unsigned char *)data, (int)len);
	}
	if (n > 0)
		n -= (data[len - 1] == '=') + (data[len - 2] == '=');
	if (n > 0 && strlen(text) == (size_t)n)
		return text;
	secret_free(text);
	err_set(err, "the kubeconfig's %s is not base64 of PEM", what);
	return NULL;
}

/* Gives the PEM text that is in `data` or in `file`; -1 when there should be one. */
static int take_pem(char **out, const char *data, const char *file, bool is_secret,
	const char *what, struct err *err)
{
	if (data)
		*out = decode(data, what, err);
	else if (file)
		*out = read_text(file, is_secret, PEM_MAX, err);
	else
		return 0;
	return *out ? 0 : -1;
}

static int take_token(const char *token, struct kube_access *out, struct err *err)
{
	if (token[strcspn(token, " \r\n\t")] != '\0')
		return err_set(err, "the kubeconfig's token has white space in it");
	out->authorization = mem_printf("Authorization: Bearer %s", token);
	return 0;
}

static int take_token_file(
	const char *file, bool is_secret, struct kube_access *out, struct err *err)
{
	char *text = is_secret ? read_text(file, true, PEM_MAX, err) : NULL;

	if (is_secret && text == NULL)
		return -1;
	secret_free(text);
	out->authorization = token_file_authorization(file);
	return out->authorization ? 0 : err_set(err, "%.200s: there is no token in it", file);
}

static int set_server(struct kube_access *out, const struct url *url, struct err *err)
{
	char origin[288];
	size_t len = strlen(url->path);

	url_origin(url, origin);
	if (len && url->path[len - 1] == '/')
		len--;
	if ((size_t)snprintf(out->server, sizeof out->server, "%s%.*s", origin, (int)len,
		    url->path) >= sizeof out->server)
		return err_set(err, "the API server's URL is too long");
	return 0;
}

static int take_kubeconfig(const struct kubeconfig *k, struct kube_access *out, struct err *err)
{
	memcpy(out->namespace, k->namespace, sizeof out->namespace);
	if (set_server(out, &k->server, err) == -1 ||
		take_pem(&out->ca, k->ca_data, k->ca_file, false, "certificate-authority-data",
			err) == -1 ||
		take_pem(&out->certificate, k->certificate_data, k->certificate_file, false,
			"client-certificate-data", err) == -1 ||
		take_pem(&out->key, k->key_data, k->key_file, true, "client-key-data", err) == -1)
		return -1;
	if (k->token)
		return take_token(k->token, out, err);
	return k->token_file ? take_token_file(k->token_file, true, out, err) : 0;
}

static int load_kubeconfig(const char *file, struct kube_access *out, struct err *err)
{
	struct kubeconfig k;
	int rc;

	if (kubeconfig_load(file, &k, err) == -1)
		return -1;
	rc = take_kubeconfig(&k, out, err);
	kubeconfig_clear(&k);
	return rc;
}

/* KUBERNETES_SERVICE_HOST is an address, of IPv6 without brackets. */
static int load_server(struct kube_access *out, struct err *err)
{
	const char *host = secure_getenv("KUBERNETES_SERVICE_HOST");
	const char *port = secure_getenv("KUBERNETES_SERVICE_PORT_HTTPS");
	struct url url;
	char *text;
	int rc;

	if (port == NULL || *port == '\0')
		port = secure_getenv("KUBERNETES_SERVICE_PORT");
	if (host == NULL || *host == '\0' || port == NULL)
		return err_set(err,
			"no kubeconfig is given and this is no pod: KUBERNETES_SERVICE_HOST is not "
			"set");
	text = mem_printf(strchr(host, ':') ? "https://[%s]:%s/" : "https://%s:%s/", host, port);
	rc = url_parse(str_of(text), &url, err);
	free(text);
	return rc == -1 ? -1 : set_server(out, &url, err);
}

static struct str without_line_end(const char *text)
{
	return (struct str){text, strcspn(text, "\r\n")};
}

static int take_account(const char *folder, struct kube_access *out, struct err *err)
{
	char *file = mem_printf("%s/ca.crt", folder), *namespace;
	int rc = -1;

	out->ca = read_text(file, false, PEM_MAX, err);
	free(file);
	file = mem_printf("%s/namespace", folder);
	namespace = out->ca ? read_text(file, false, KUBE_NAMESPACE_MAX - 1, err) : NULL;
	free(file);
	file = mem_printf("%s/token", folder);
	if (namespace) {
		(void)str_copy(without_line_end(namespace), out->namespace, KUBE_NAMESPACE_MAX);
		/* Kubernetes decides who in the pod may read it. */
		rc = take_token_file(file, false, out, err);
	}
	free(file);
	free(namespace);
	return rc;
}

int kube_access_load_account(const char *folder, struct kube_access *out, struct err *err)
{
	memset(out, 0, sizeof *out);
	if (load_server(out, err) == 0 && take_account(folder, out, err) == 0)
		return 0;
	kube_access_clear(out);
	return -1;
}

int kube_access_load(const char *kubeconfig, struct kube_access *out, struct err *err)
{
	const char *named = secure_getenv("KUBECONFIG");

	if (kubeconfig == NULL && named && *named)
		kubeconfig = named;
	if (kubeconfig == NULL)
		return kube_access_load_account(ACCOUNT, out, err);
	memset(out, 0, sizeof *out);
	if (load_kubeconfig(kubeconfig, out, err) == 0)
		return 0;
	kube_access_clear(out);
	return -1;
}

void kube_access_clear(struct kube_access *access)
{
	free(access->ca);
	free(access->certificate);
	secret_free(access->key);
	secret_free(access->authorization);
	memset(access, 0, sizeof *access);
}
