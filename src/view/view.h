/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view: which records, grouped by what, in which columns, drawn how, leading where.  Made from a
 * file in Lua (view_load.c); described in tracetop-views(5).
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "view/field.h"
#include "view/filter.h"

#define VIEW_KEYS 4
#define VIEW_PARENTS 2 /* that tell a row above */
#define VIEW_COLUMNS 32

enum view_panel { PANEL_TABLE, PANEL_TREE, PANELS };

/* A key whose values form a tree. */
enum view_path { PATH_NONE, PATH_CALLERS, PATH_CALLEES, PATH_PARENTS, PATHS };

enum aggregate {
	AGGREGATE_NONE, /* of the record that began the group */
	AGGREGATE_SUM,
	AGGREGATE_RATE, /* sum a second */
	AGGREGATE_COUNT,
	AGGREGATE_AVG,
	AGGREGATE_MIN,
	AGGREGATE_MAX,
	AGGREGATE_LAST,
	AGGREGATE_DISTINCT,
	AGGREGATE_P50,
	AGGREGATE_P90,
	AGGREGATE_P99,
	AGGREGATE_MEAN, /* of what holds for a time: over all the time that was looked at */
	AGGREGATES
};

/* What a column is a share of, in percent. */
enum share {
	SHARE_NONE,
	SHARE_TOTAL,	/* all that the view's own filter lets through */
	SHARE_FILTERED, /* that, narrowed by the selection and the filter typed in */
	SHARE_PARENT,	/* the row above in the tree */
};

struct view_column {
	char *title;
	char *id; /* its key in JSON */
	const struct field *field;
	enum aggregate aggregate;
	enum share share;
	int width;	      /* cells; 0: what is left */
	int sort;	      /* 1 rising, -1 falling, 0: not what the view is sorted by at first */
	bool when_containers; /* shown only where there are any */
	int priority;	      /* the highest leaves first when the screen is narrow; 0: stays */
};

/* Something that is done about a row, on the live machine. */
struct view_action {
	char *key;     /* the letter that chooses it from the list of actions */
	char *name;    /* as the list has it */
	char *request; /* a verb of the router; its target is the row's key */
	char *prompt;  /* what is typed before, as its argument; NULL: nothing */
	bool signal;   /* a signal is chosen before, as its argument */
	bool ask;      /* whether to ask before it is done */
};

/* Another view that a row leads to. */
struct view_drill {
	char *view; /* its id */
	char *key;  /* the letter that leads there; NULL: none */
};

struct view {
	char *id;   /* the file's name without .lua: what is typed */
	char *file; /* where it is from */
	char *name;
	char *help;
	char **tips;
	size_t tip_count;
	enum view_panel panel;
	enum view_path path;
	/*
	 * Its rows may be looked at as a tree: path may become PATH_PARENTS.  The fields tell the
	 * first keys of the row above.
	 */
	bool has_parents;
	const struct field *parents[VIEW_PARENTS];
	size_t parent_count;
	bool expand; /* a record counts once for each frame of its stack */
	struct filter *filter;
	const struct field *keys[VIEW_KEYS];
	size_t key_count;
	const struct field *label; /* shown for the first key; NULL: the key itself */
	struct view_column *columns;
	size_t column_count;
	/*
	 * What is to be asked for while the view is looked at: of a container where that is its
	 * first key, else of a process; NULL: nothing.
	 */
	char *detail;
	bool follow; /* the cursor begins at the last row, and stays there */
	struct view_action *actions;
	size_t action_count;
	struct view_drill *drill; /* the first is where Enter leads */
	size_t drill_count;
	double window;	/* seconds of a live recording that it shows; 0: as usual */
	uint32_t types; /* FIELD_TYPE()s of the records that are rows of it; 0: any */
};

/* The names that a view file uses for the values of an enum, in their order. */
extern const char *const view_panel_names[PANELS];
extern const char *const view_aggregate_names[AGGREGATES];

/* Whether rows of the view stand for frames: symbol.* means the row's own frame then. */
static inline bool view_has_frames(const struct view *view)
{
	return view->expand || view->path == PATH_CALLERS || view->path == PATH_CALLEES;
}

/*
 * Reads a view from the text of a file.  @id is its name, @file is named in messages.  NULL with
 * @error filled ("FILE:LINE: …") if there is anything in it that is not right.
 */
struct view *view_load(const char *id, const char *file, struct str text, struct error *error);
void view_free(struct view *view);

/* All views there are. */
struct view_set {
	struct view **views; /* sorted by id */
	size_t count, capacity;
	char **warnings; /* files that were left out, and why */
	size_t warning_count, warning_capacity;
};

/*
 * The views that are built in, then those of the user: $XDG_CONFIG_HOME/tracetop/views (or
 * ~/.config/…), *.lua.  One of the user's takes the place of a built-in one with its name.  A file
 * that is not trusted (fs.h) or not right is left out with a warning.
 */
void view_set_load(struct view_set *set);
void view_set_release(struct view_set *set);
const struct view *view_set_find(const struct view_set *set, const char *id);

/* What to say of an id that no view has: which ones are near, and how to list all.  To be freed. */
char *view_set_missing(const struct view_set *set, const char *id);

#endif
