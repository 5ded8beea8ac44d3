/* base/files/token_file.h - a token that somebody else keeps fresh in a file (Kubernetes). */
#ifndef SPARKGATE_BASE_FILES_TOKEN_FILE_H
#define SPARKGATE_BASE_FILES_TOKEN_FILE_H

/* Gives "Authorization: Bearer ..." with what the file holds now, secret_free() it; NULL when there
 * is no file, or no token in it. Any thread. */
char *token_file_authorization(const char *path);

#endif
