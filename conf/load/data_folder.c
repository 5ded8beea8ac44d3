#include "conf/load/data_folder.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *below_current_folder(const char *flag, struct err *err)
{
	char *cwd = getcwd(NULL, 0);
	char *folder = cwd ? mem_printf("%s/%s", cwd, flag) : NULL;

	free(cwd);
	if (folder == NULL)
		err_set(err, "--data: the current folder no longer exists");
	return folder;
}

char *data_folder_of(const char *flag, struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (flag && flag[0])
		return flag[0] == '/' ? mem_strdup(flag) : below_current_folder(flag, err);
	if (state && state[0] == '/')
		return mem_printf("%s/sparkgate", state);
	if (home && home[0] == '/')
		return mem_printf("%s/.local/state/sparkgate", home);
	err_set(err, "--data: expected a folder for tokens and keys, because neither HOME nor "
		     "XDG_STATE_HOME is set");
	return NULL;
}

bool data_folder_is_default(const char *folder)
{
	struct err err = {""};
	char *known = data_folder_of(NULL, &err);
	bool is_it = known && folder && strcmp(known, folder) == 0;

	free(known);
	return is_it;
}
