/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolve/json.h"

#include <stdio.h>

#define TEXT_MAX (1u << 20)
#define DEPTH 32

struct json_object *json_pick(struct str text)
{
	struct json_tokener *tokener;
	struct json_object *object;

	if (!text.size || text.size > TEXT_MAX)
		return NULL;
	tokener = json_tokener_new_ex(DEPTH);
	if (!tokener)
		return NULL;
	object = json_tokener_parse_ex(tokener, text.data, (int)text.size);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

struct json_object *json_pick_member(struct json_object *object, const char *path)
{
	char name[64];

	while (*path && object) {
		size_t size = strcspn(path, ".");
		struct json_object *value = NULL;

		if (size >= sizeof(name) || !json_object_is_type(object, json_type_object))
			return NULL;
		snprintf(name, sizeof(name), "%.*s", (int)size, path);
		json_object_object_get_ex(object, name, &value);
		object = value;
		path += size + (path[size] == '.');
	}
	return object;
}

struct str json_pick_text(struct json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return (struct str){"", 0};
	return (struct str){
		json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

struct str json_pick_string(struct json_object *object, const char *path)
{
	return json_pick_text(json_pick_member(object, path));
}

size_t json_pick_count(struct json_object *list)
{
	return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}
