/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON that others wrote: what is not there, or not of the kind that is wanted, reads as nothing.
 */
#ifndef RESOLVE_JSON_H
#define RESOLVE_JSON_H

#include <json-c/json.h>

#include "base/str.h"

/* Of at most 1 MB and so deep that no reader is hurt; NULL: it is none. */
struct json_object *json_pick(struct str text);

/* "State.Pid": a member of a member; the object itself for "". */
struct json_object *json_pick_member(struct json_object *object, const char *path);

/* The text, or an empty one. */
struct str json_pick_text(struct json_object *value);

/* The text of a member. */
struct str json_pick_string(struct json_object *object, const char *path);

/* How many elements a list has; 0 where it is none. */
size_t json_pick_count(struct json_object *list);

#endif
