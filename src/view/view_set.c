/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "view/builtin.h"
#include "view/view.h"

#define VIEW_FILE_MAX (256u << 10)
#define USER_VIEWS_MAX 256

static void view_set_warn(struct view_set *set, const char *text)
{
	set->warnings = mem_grow(set->warnings, &set->warning_capacity, set->warning_count + 1,
		sizeof(*set->warnings));
	set->warnings[set->warning_count++] = mem_strdup(text);
}

static void view_set_put(struct view_set *set, struct view *view)
{
	size_t at = 0;

	while (at < set->count && strcmp(set->views[at]->id, view->id) < 0)
		at++;
	if (at < set->count && !strcmp(set->views[at]->id, view->id)) {
		view_free(set->views[at]);
		set->views[at] = view;
		return;
	}
	set->views = mem_grow(set->views, &set->capacity, set->count + 1, sizeof(*set->views));
	memmove(set->views + at + 1, set->views + at, (set->count - at) * sizeof(*set->views));
	set->views[at] = view;
	set->count++;
}

static void view_set_add(struct view_set *set, const char *id, const char *file, struct str text)
{
	struct error error = {0};
	struct view *view = view_load(id, file, text, &error);

	if (view)
		view_set_put(set, view);
	else
		view_set_warn(set, error.text);
}

static void view_set_add_file(struct view_set *set, const char *folder, const char *name)
{
	char *path = mem_printf("%s/%s", folder, name);
	char *id = mem_printf("%.*s", (int)(strlen(name) - strlen(".lua")), name);
	struct error error = {0};
	struct buf text = {0};
	int fd = fs_open_trusted(path, &error);
	int code = fd < 0 ? fd : fs_read_fd(fd, &text, VIEW_FILE_MAX);

	if (fd >= 0)
		close(fd);
	if (code == -EFBIG)
		error_set(
			&error, code, "%s: longer than %u bytes: no view is", path, VIEW_FILE_MAX);
	else if (code && fd >= 0)
		error_set(&error, code, "%s: %s", path, strerror(-code));
	if (code)
		view_set_warn(set, error.text);
	else
		view_set_add(set, id, path, buf_str(&text));
	buf_release(&text);
	free(id);
	free(path);
}

/* Of a view file: letters, digits, - and _, then .lua; what cannot be typed is not a view. */
static int is_view_file(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	if (size <= 4 || size > 64 || strcmp(entry->d_name + size - 4, ".lua"))
		return 0;
	return strspn(entry->d_name,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	       size - 4;
}

static char *user_folder(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return mem_printf("%s/tracetop/views", config);
	if (home && *home == '/')
		return mem_printf("%s/.config/tracetop/views", home);
	return NULL;
}

static void view_set_load_user(struct view_set *set)
{
	char *folder = user_folder();
	struct dirent **entries = NULL;
	int count = folder ? scandir(folder, &entries, is_view_file, alphasort) : -1;

	for (int i = 0; i < count; i++) {
		if (i < USER_VIEWS_MAX)
			view_set_add_file(set, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	free(folder);
}

void view_set_load(struct view_set *set)
{
	*set = (struct view_set){0};
	for (size_t i = 0; i < builtin_view_count; i++) {
		char *file = mem_printf("views/%s.lua", builtin_views[i].id);

		view_set_add(set, builtin_views[i].id, file,
			(struct str){builtin_views[i].text, builtin_views[i].size});
		free(file);
	}
	view_set_load_user(set);
}

void view_set_release(struct view_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		view_free(set->views[i]);
	for (size_t i = 0; i < set->warning_count; i++)
		free(set->warnings[i]);
	free(set->views);
	free(set->warnings);
	*set = (struct view_set){0};
}

const struct view *view_set_find(const struct view_set *set, const char *id)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->views[i]->id, id))
			return set->views[i];
	return NULL;
}

/* Begun with, or mistyped by a letter or two. */
static bool is_near(struct str id, struct str written)
{
	size_t limit = written.size > 6 ? 3 : written.size > 3 ? 2 : 1;

	return text_distance(written, id, limit) <= limit ||
	       (id.size > written.size &&
		       !text_distance(written, (struct str){id.data, written.size}, 0));
}

char *view_set_missing(const struct view_set *set, const char *id)
{
	struct buf text = {0};
	size_t near = 0;

	buf_printf(&text, "there is no view '%s'", id);
	for (size_t i = 0; *id && i < set->count; i++)
		if (is_near(str_from(set->views[i]->id), str_from(id)))
			buf_printf(&text, "%s%s", near++ ? ", " : ": did you mean ",
				set->views[i]->id);
	buf_add_text(&text, near ? "? " : ": ");
	buf_add_text(&text, "tracetop list views shows those there are");
	return buf_detach(&text);
}
