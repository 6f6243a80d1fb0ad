/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "base/mem.h"
#include "view/sandbox.h"
#include "view/view.h"

const char *const view_panel_names[PANELS] = {"table", "tree"};
const char *const view_aggregate_names[AGGREGATES] = {"none", "sum", "rate", "count", "avg", "min",
	"max", "last", "distinct", "p50", "p90", "p99", "mean"};
static const char *const share_names[] = {"", "total", "filtered", "parent"};
static const char *const when_names[] = {"containers"};
static const char *const path_names[] = {
	"", "stack.callers", "stack.callees", "proc.parents", "cgroup.parents"};
/* Those of rows below rows: the first keys, and what tells them of the row above. */
static const struct {
	const char *keys[VIEW_PARENTS], *above[VIEW_PARENTS];
} parents[] = {{{"proc.pid"}, {"proc.ppid"}},
	{{"cgroup.hierarchy", "cgroup.id"}, {"cgroup.parent_hierarchy", "cgroup.parent"}}};

struct loader {
	struct view *view;
	const char *file;
	struct str text;
	char message[400];
	size_t parents; /* which of parents[], of a view whose path is PATH_PARENTS */
};

/* The line on which something is written in the file, for what Lua no longer knows the line of. */
static unsigned line_of(const struct loader *loader, const char *needle)
{
	const char *found = needle && *needle ? memmem(loader->text.data, loader->text.size, needle,
							strlen(needle))
					      : NULL;
	unsigned line = 1;

	for (const char *at = loader->text.data; found && at < found; at++)
		line += *at == '\n';
	return line;
}

/* Ends the conversion; @needle: what in the file the message is about. */
__attribute__((format(printf, 4, 5))) static _Noreturn void load_fail(
	lua_State *lua, struct loader *loader, const char *needle, const char *format, ...)
{
	int size = snprintf(loader->message, sizeof(loader->message), "%s:%u: ", loader->file,
		line_of(loader, needle));
	va_list args;

	va_start(args, format);
	if (size > 0 && (size_t)size < sizeof(loader->message))
		vsnprintf(loader->message + size, sizeof(loader->message) - (size_t)size, format,
			args);
	va_end(args);
	lua_pushliteral(lua, "refused");
	lua_error(lua);
	abort(); /* lua_error() does not return */
}

/* The string at the top of the stack, copied. */
static char *take_text(lua_State *lua, struct loader *loader, const char *key)
{
	if (lua_type(lua, -1) != LUA_TSTRING)
		load_fail(lua, loader, key, "'%s' is a string", key);
	return mem_strdup(lua_tostring(lua, -1));
}

/* Said twice, the last one counts; the first goes when the other is known to be a text. */
static void set_text(lua_State *lua, struct loader *loader, const char *key, char **text)
{
	char *taken = take_text(lua, loader, key);

	free(*text);
	*text = taken;
}

static int take_number(lua_State *lua, struct loader *loader, const char *key)
{
	int whole;
	lua_Integer number = lua_tointegerx(lua, -1, &whole);

	if (!whole || number < 0 || number > 1000)
		load_fail(lua, loader, key, "'%s' is a number from 0 to 1000", key);
	return (int)number;
}

static int take_choice(
	lua_State *lua, struct loader *loader, const char *key, const char *const *names, int count)
{
	const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "";
	char list[200] = "";

	for (int i = 0; i < count; i++) {
		size_t used = strlen(list);

		if (*names[i] && !strcmp(names[i], text))
			return i;
		if (*names[i])
			snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "",
				names[i]);
	}
	load_fail(lua, loader, *text ? text : key, "'%s' is one of: %s", key, list);
}

static const struct field *take_field(lua_State *lua, struct loader *loader, const char *key)
{
	const char *name = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : NULL;
	const struct field *field = name ? field_find(str_from(name)) : NULL;
	const char *near;

	if (!name)
		load_fail(lua, loader, key, "'%s' is the name of a field", key);
	if (field)
		return field;
	near = field_nearest(str_from(name));
	load_fail(lua, loader, name, "no field is named '%s'%s%s%s", name,
		near ? ", did you mean '" : " (tracetop list fields)", near ? near : "",
		near ? "'?" : "");
}

/* Calls @take for each element of the list at the top of the stack. */
static void take_list(lua_State *lua, struct loader *loader, const char *key, size_t most,
	void (*take)(lua_State *lua, struct loader *loader, const char *key))
{
	size_t count;

	if (lua_type(lua, -1) != LUA_TTABLE)
		load_fail(lua, loader, key, "'%s' is a list in braces", key);
	count = lua_rawlen(lua, -1);
	if (count > most)
		load_fail(lua, loader, key, "'%s' has more than %zu entries", key, most);
	for (size_t i = 1; i <= count; i++) {
		lua_rawgeti(lua, -1, (lua_Integer)i);
		take(lua, loader, key);
		lua_pop(lua, 1);
	}
}

static void add_text(char ***list, size_t *count, char *text)
{
	*list = mem_realloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = text;
}

static void take_key(lua_State *lua, struct loader *loader, const char *key)
{
	loader->view->keys[loader->view->key_count++] = take_field(lua, loader, key);
}

/* { "inspect", key = "i" } */
static void take_drill_entry(lua_State *lua, struct loader *loader, struct view_drill *drill)
{
	const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : NULL;

	if (key && !strcmp(key, "key")) {
		set_text(lua, loader, key, &drill->key);
		if (strlen(drill->key) != 1 || drill->key[0] <= ' ' || drill->key[0] > '~')
			load_fail(lua, loader, key, "'key' is one character");
	} else if (key ? !strcmp(key, "view") : lua_tointeger(lua, -2) == 1) {
		set_text(lua, loader, "view", &drill->view);
	} else {
		load_fail(lua, loader, key ? key : "drill", "an entry of 'drill' has no key '%s'",
			key ? key : "?");
	}
}

static void take_drill(lua_State *lua, struct loader *loader, const char *key)
{
	struct view *view = loader->view;
	struct view_drill *drill;

	view->drill = mem_realloc(view->drill, (view->drill_count + 1) * sizeof(*view->drill));
	drill = &view->drill[view->drill_count++];
	*drill = (struct view_drill){0};
	if (lua_type(lua, -1) != LUA_TTABLE) {
		drill->view = take_text(lua, loader, key);
		return;
	}
	lua_pushnil(lua);
	while (lua_next(lua, -2)) {
		take_drill_entry(lua, loader, drill);
		lua_pop(lua, 1);
	}
	if (!drill->view)
		load_fail(lua, loader, key, "an entry of 'drill' has a view");
}

static void take_tip(lua_State *lua, struct loader *loader, const char *key)
{
	add_text(&loader->view->tips, &loader->view->tip_count, take_text(lua, loader, key));
}

static void take_sort(lua_State *lua, struct loader *loader, struct view_column *column)
{
	static const char *const directions[] = {"asc", "desc"};

	column->sort = take_choice(lua, loader, "sort", directions, 2) ? -1 : 1;
}

static void take_width(lua_State *lua, struct loader *loader, struct view_column *column)
{
	if (lua_type(lua, -1) == LUA_TSTRING && !strcmp(lua_tostring(lua, -1), "rest"))
		column->width = 0;
	else
		column->width = take_number(lua, loader, "width");
}

/* { "TITLE", "field", agg = …, … } or { field = … }; defaults come from the field's table. */
static void take_column_entry(lua_State *lua, struct loader *loader, struct view_column *column)
{
	const char *key;

	if (lua_type(lua, -2) == LUA_TNUMBER) {
		lua_Integer place = lua_tointeger(lua, -2);

		if (place == 1) {
			set_text(lua, loader, "title", &column->title);
		} else if (place == 2) {
			column->field = take_field(lua, loader, "columns");
		} else {
			load_fail(lua, loader, "columns",
				"a column begins with its title and its field, the rest has names");
		}
		return;
	}
	key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";
	if (!strcmp(key, "title")) {
		set_text(lua, loader, key, &column->title);
	} else if (!strcmp(key, "field")) {
		column->field = take_field(lua, loader, key);
	} else if (!strcmp(key, "agg")) {
		column->aggregate = (enum aggregate)take_choice(
			lua, loader, key, view_aggregate_names, AGGREGATES);
	} else if (!strcmp(key, "of")) {
		column->share = (enum share)take_choice(lua, loader, key, share_names, 4);
	} else if (!strcmp(key, "width")) {
		take_width(lua, loader, column);
	} else if (!strcmp(key, "sort")) {
		take_sort(lua, loader, column);
	} else if (!strcmp(key, "when")) {
		column->when_containers = take_choice(lua, loader, key, when_names, 1) == 0;
	} else if (!strcmp(key, "priority")) {
		column->priority = take_number(lua, loader, key);
	} else if (!strcmp(key, "id")) {
		set_text(lua, loader, key, &column->id);
	} else {
		load_fail(lua, loader, key, "a column has no key '%s'", key);
	}
}

/* What an aggregate can be made of: sums of numbers, anything for the others. */
static void check_column(lua_State *lua, struct loader *loader, const struct view_column *column)
{
	bool number = column->field->type == VALUE_UNSIGNED ||
		      column->field->type == VALUE_SIGNED || column->field->type == VALUE_REAL;

	switch (column->aggregate) {
	case AGGREGATE_NONE:
	case AGGREGATE_COUNT:
	case AGGREGATE_LAST:
	case AGGREGATE_DISTINCT:
		break;
	default:
		if (!number)
			load_fail(lua, loader, column->field->name,
				"%s is no number: agg = \"%s\" cannot be", column->field->name,
				view_aggregate_names[column->aggregate]);
	}
	if (column->aggregate == AGGREGATE_MEAN && !is_usage(column->field))
		load_fail(lua, loader, column->field->name,
			"%s does not hold for a time: agg = \"mean\" cannot be",
			column->field->name);
	if ((column->share || view_has_frames(loader->view)) && column->aggregate && number &&
		!column->field->column && !column->field->is_constant)
		load_fail(lua, loader, column->field->name,
			"%s cannot be summed up here: it is not a number of each record",
			column->field->name);
	if (column->share && column->aggregate != AGGREGATE_SUM &&
		column->aggregate != AGGREGATE_COUNT)
		load_fail(lua, loader, column->field->name,
			"'of' makes a share of a sum or a count: say agg = \"sum\"");
}

static void take_column(lua_State *lua, struct loader *loader, const char *key)
{
	struct view *view = loader->view;
	struct view_column *column;

	if (lua_type(lua, -1) != LUA_TTABLE)
		load_fail(lua, loader, key, "a column is a table in braces");
	view->columns = mem_realloc(
		view->columns, (view->column_count + 1) * sizeof(*view->columns));
	column = &view->columns[view->column_count++];
	*column = (struct view_column){.width = -1};
	lua_pushnil(lua);
	while (lua_next(lua, -2)) {
		take_column_entry(lua, loader, column);
		lua_pop(lua, 1);
	}
	if (!column->field)
		load_fail(lua, loader, column->title ? column->title : key,
			"a column without a field");
	if (!column->title)
		column->title = mem_strdup(column->field->title);
	if (!column->id)
		column->id = mem_strdup(column->field->name);
	if (column->width < 0)
		column->width = column->share ? 7 : column->field->width;
}

static void take_action_entry(lua_State *lua, struct loader *loader, struct view_action *action)
{
	static const char *const choices[] = {"signal"};
	char **texts[] = {&action->key, &action->name, &action->request, &action->prompt};
	static const char *const names[] = {"key", "name", "request", "prompt"};
	const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : NULL;
	size_t place = key ? 0 : (size_t)lua_tointeger(lua, -2);

	if (key && !strcmp(key, "ask")) {
		action->ask = lua_toboolean(lua, -1);
		return;
	}
	if (key && !strcmp(key, "choose")) {
		action->signal = take_choice(lua, loader, key, choices, 1) == 0;
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		if (key ? strcmp(key, names[i]) != 0 : i + 1 != place || i > 1)
			continue;
		free(*texts[i]);
		*texts[i] = take_text(lua, loader, names[i]);
		return;
	}
	load_fail(lua, loader, key ? key : "actions", "an action has no key '%s'", key ? key : "?");
}

/* { "k", "Send a signal", request = "signal", choose = "signal", ask = true } */
static void take_action(lua_State *lua, struct loader *loader, const char *key)
{
	struct view *view = loader->view;
	struct view_action *action;

	if (lua_type(lua, -1) != LUA_TTABLE)
		load_fail(lua, loader, key, "an action is a table in braces");
	view->actions = mem_realloc(
		view->actions, (view->action_count + 1) * sizeof(*view->actions));
	action = &view->actions[view->action_count++];
	*action = (struct view_action){0};
	lua_pushnil(lua);
	while (lua_next(lua, -2)) {
		take_action_entry(lua, loader, action);
		lua_pop(lua, 1);
	}
	if (!action->key || strlen(action->key) != 1 || !action->name || !action->request)
		load_fail(lua, loader, action->name ? action->name : key,
			"an action has a letter, a name and a request");
}

static void take_filter(lua_State *lua, struct loader *loader, const char *key)
{
	char *text = take_text(lua, loader, key);
	struct filter_error error;

	loader->view->filter = filter_parse(text, &error);
	free(text);
	if (!loader->view->filter)
		load_fail(lua, loader, lua_tostring(lua, -1), "in the filter, at character %zu: %s",
			error.column + 1, error.text);
}

static void take_path(lua_State *lua, struct loader *loader, const char *key)
{
	size_t count = sizeof(path_names) / sizeof(*path_names);
	size_t path = (size_t)take_choice(lua, loader, key, path_names, count);

	loader->parents = path > PATH_PARENTS ? path - PATH_PARENTS : 0;
	loader->view->path = path > PATH_PARENTS ? PATH_PARENTS : (enum view_path)path;
}

static void take_entry(lua_State *lua, struct loader *loader)
{
	static const char *const rows[] = {"records"};
	static const char *const expand[] = {"stack"};
	struct view *view = loader->view;
	const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";

	if (!strcmp(key, "name"))
		view->name = take_text(lua, loader, key);
	else if (!strcmp(key, "help"))
		view->help = take_text(lua, loader, key);
	else if (!strcmp(key, "tips"))
		take_list(lua, loader, key, 16, take_tip);
	else if (!strcmp(key, "rows"))
		take_choice(lua, loader, key, rows, 1);
	else if (!strcmp(key, "panel"))
		view->panel = (enum view_panel)take_choice(
			lua, loader, key, view_panel_names, PANELS);
	else if (!strcmp(key, "path"))
		take_path(lua, loader, key);
	else if (!strcmp(key, "expand"))
		view->expand = take_choice(lua, loader, key, expand, 1) == 0;
	else if (!strcmp(key, "window"))
		view->window = take_number(lua, loader, key);
	else if (!strcmp(key, "filter"))
		take_filter(lua, loader, key);
	else if (!strcmp(key, "key"))
		take_list(lua, loader, key, VIEW_KEYS, take_key);
	else if (!strcmp(key, "label"))
		view->label = take_field(lua, loader, key);
	else if (!strcmp(key, "columns"))
		take_list(lua, loader, key, VIEW_COLUMNS, take_column);
	else if (!strcmp(key, "detail"))
		view->detail = take_text(lua, loader, key);
	else if (!strcmp(key, "follow"))
		view->follow = lua_toboolean(lua, -1);
	else if (!strcmp(key, "actions"))
		take_list(lua, loader, key, 16, take_action);
	else if (!strcmp(key, "drill"))
		take_list(lua, loader, key, 16, take_drill);
	else
		load_fail(lua, loader, key, "a view has no key '%s'", key);
}

/* Which records are rows: those that have what is summed up; else, those that have the columns. */
static uint32_t view_types(const struct view *view)
{
	uint32_t summed = 0, shown = 0;

	for (size_t i = 0; i < view->column_count; i++) {
		const struct view_column *column = &view->columns[i];

		if (column->aggregate != AGGREGATE_NONE)
			summed |= column->field->types;
		shown |= column->field->types;
	}
	return summed ? summed : shown;
}

/* In a view of stacks a row is a frame: only frames can be its key, only sums its numbers. */
static void check_frames(lua_State *lua, struct loader *loader)
{
	struct view *view = loader->view;

	for (size_t i = 0; i < view->key_count; i++)
		if (view->keys[i]->domain != DOMAIN_FRAME)
			load_fail(lua, loader, view->keys[i]->name,
				"rows of this view are frames, and %s is not of a frame",
				view->keys[i]->name);
	for (size_t i = 0; i < view->column_count; i++) {
		const struct view_column *column = &view->columns[i];
		const char *name = column->field->name;

		if (column->aggregate == AGGREGATE_NONE && column->field->domain != DOMAIN_FRAME)
			load_fail(lua, loader, name,
				"rows of this view are frames, and %s is not of a frame", name);
		if (column->aggregate > AGGREGATE_COUNT)
			load_fail(lua, loader, name,
				"rows of this view are frames: agg is sum, rate or count");
	}
}

/* Rows below rows are a list at first, unless the view is a tree: F5 makes one of it. */
static void check_parents(lua_State *lua, struct loader *loader)
{
	struct view *view = loader->view;
	const char *const *keys = parents[loader->parents].keys;
	bool fits = true;

	for (size_t i = 0; i < VIEW_PARENTS && keys[i]; i++) {
		fits = fits && i < view->key_count && !strcmp(view->keys[i]->name, keys[i]);
		view->parents[i] = field_find(str_from(parents[loader->parents].above[i]));
		view->parent_count = i + 1;
	}
	if (!fits)
		load_fail(lua, loader, "path", "%s goes with other keys, see tracetop-views(5)",
			path_names[PATH_PARENTS + loader->parents]);
	view->has_parents = true;
	if (view->panel != PANEL_TREE)
		view->path = PATH_NONE;
}

static void check_view(lua_State *lua, struct loader *loader)
{
	struct view *view = loader->view;
	unsigned sorted = 0;

	if (!view->name || !view->help)
		load_fail(lua, loader, NULL, "a view has a name and a help text");
	if (!view->column_count)
		load_fail(lua, loader, NULL, "a view has columns");
	if (view_has_frames(view) && !view->key_count) {
		view->keys[view->key_count++] = field_find(STR("symbol.id"));
		view->label = field_find(STR("symbol.name"));
	}
	if (view->path == PATH_PARENTS)
		check_parents(lua, loader);
	if (view->panel == PANEL_TREE && !view->path)
		load_fail(lua, loader, "panel", "a tree has a path");
	if (view->path && view->panel != PANEL_TREE)
		load_fail(lua, loader, "path", "a path is drawn as panel = \"tree\"");
	if (!view->key_count)
		load_fail(lua, loader, NULL, "a view has a key");
	if (view_has_frames(view))
		check_frames(lua, loader);
	for (size_t i = 0; i < view->column_count; i++) {
		check_column(lua, loader, &view->columns[i]);
		sorted += view->columns[i].sort != 0;
	}
	if (sorted > 1)
		load_fail(lua, loader, "sort", "one column is sorted by");
	view->types = view_types(view);
}

static int convert(lua_State *lua)
{
	struct loader *loader = lua_touserdata(lua, 1);

	if (lua_type(lua, 2) != LUA_TTABLE)
		load_fail(lua, loader, NULL, "a view file returns a table: return { … }");
	lua_settop(lua, 2);
	lua_pushnil(lua);
	while (lua_next(lua, 2)) {
		take_entry(lua, loader);
		lua_pop(lua, 1);
	}
	check_view(lua, loader);
	return 0;
}

/* Runs the file, then turns what it returned into the view; both within the bounds. */
static int load_run(struct sandbox *sandbox, struct loader *loader)
{
	lua_State *lua = sandbox->lua;
	char *chunk = mem_printf("@%s", loader->file);
	int status = luaL_loadbufferx(lua, loader->text.data, loader->text.size, chunk, "t");

	free(chunk);
	if (status == LUA_OK)
		status = sandbox_call(sandbox, 0, 1);
	if (status == LUA_OK) {
		lua_pushcfunction(lua, convert);
		lua_pushlightuserdata(lua, loader);
		lua_rotate(lua, -3, 2);
		status = sandbox_call(sandbox, 2, 0);
	}
	return status;
}

struct view *view_load(const char *id, const char *file, struct str text, struct error *error)
{
	struct loader loader = {
		.view = mem_zalloc(sizeof(struct view)), .file = file, .text = text};
	struct sandbox sandbox;
	int status = sandbox_init(&sandbox);

	loader.view->id = mem_strdup(id);
	loader.view->file = mem_strdup(file);
	if (!status)
		status = load_run(&sandbox, &loader);
	if (status) {
		const char *why = *loader.message ? loader.message : sandbox_message(&sandbox);

		/* Lua's own messages begin with the file and the line, the bounds' do not. */
		error_set(error, -EINVAL, "%s%s%s", sandbox.broke && !*loader.message ? file : "",
			sandbox.broke && !*loader.message ? ": " : "", why);
		view_free(loader.view);
		loader.view = NULL;
	}
	sandbox_release(&sandbox);
	return loader.view;
}

static void free_texts(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void view_free(struct view *view)
{
	if (!view)
		return;
	for (size_t i = 0; i < view->column_count; i++) {
		free(view->columns[i].title);
		free(view->columns[i].id);
	}
	free(view->columns);
	for (size_t i = 0; i < view->action_count; i++) {
		free(view->actions[i].key);
		free(view->actions[i].name);
		free(view->actions[i].request);
		free(view->actions[i].prompt);
	}
	free(view->actions);
	free(view->detail);
	free_texts(view->tips, view->tip_count);
	for (size_t i = 0; i < view->drill_count; i++) {
		free(view->drill[i].view);
		free(view->drill[i].key);
	}
	free(view->drill);
	filter_free(view->filter);
	free(view->id);
	free(view->file);
	free(view->name);
	free(view->help);
	free(view);
}
