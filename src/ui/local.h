/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the screen. */
#ifndef UI_LOCAL_H
#define UI_LOCAL_H

#include "base/hash.h"
#include "ui/draw.h"
#include "ui/ui.h"
#include "view/meters.h"
#include "view/query.h"
#include "view/table.h"

#define UI_WINDOW_NS (10 * UINT64_C(1000000000)) /* of time that a live picture shows */
#define UI_PROMPT 512

/* What narrows a level and all below it. */
struct clause {
	struct filter *filter;
	char *label; /* as the breadcrumb has it */
};

/* A step of the way down: a view, what it is narrowed to, and how it is looked at. */
struct level {
	const struct view *view;     /* as it was loaded */
	struct view shown;	     /* with the columns and the direction chosen here */
	struct view_column *columns; /* of shown */
	struct clause selection;     /* the row above that led here; filter NULL: none */
	char process[16];	     /* that it, or a level above, is narrowed to; "" */
	uint64_t process_start;	     /* ids are used again; 0: not known */
	char container[16];	     /* likewise, by its number */
	uint64_t ended;	     /* when that process, or else that container, did; 0: it is there */
	bool narrows;	     /* the row that led here is that process or container */
	bool is_answered;    /* what was asked for of it is there, be it nothing */
	struct clause typed; /* filter NULL: none */
	char *typed_text;
	size_t sort;
	bool falling;
	struct table *table;  /* the last picture; NULL: none yet */
	uint64_t cursor_id;   /* of the row the cursor stands on */
	uint32_t cursor, top; /* places in table->order */
	bool follows;	      /* the cursor stays with its row, not with its place */
	uint32_t left;	      /* columns scrolled away */
	uint64_t *open;	      /* ids of unfolded rows */
	size_t open_count, open_capacity;
	bool at_end;  /* the cursor is at the last row, and stays there: view->follow */
	bool unfolds; /* the hottest way down is still to be unfolded by itself */
};

struct ui;

/* Something that lies over the panel until it is closed. */
struct overlay {
	const char *name;
	void (*draw)(struct ui *ui, const struct rect *rect);
	void (*key)(struct ui *ui, int key);
};

/* A list in an overlay. */
struct list {
	int count, at, top;
	char typed[24]; /* the beginning of a word that is gone to */
};

struct prompt {
	const char *title; /* NULL: no line is being typed */
	char text[UI_PROMPT];
	size_t size, at;
	void (*changed)(struct ui *ui); /* NULL */
	void (*accept)(struct ui *ui);
	void (*cancel)(struct ui *ui); /* NULL */
	char error[sizeof(((struct error *)0)->text)];
	size_t error_column;
	bool has_error;
};

/* What an action is about. */
struct target {
	const struct view_action *action;
	char key[80];	 /* of the row, as text */
	uint64_t start;	 /* of a process or thread, whose id is used again; 0: not known */
	char label[160]; /* raw */
	char argument[UI_PROMPT];
};

struct ui {
	struct ui_config config;
	struct term *term;
	struct level **levels;
	size_t level_count, level_capacity;
	struct filter *event; /* samples of one event, where there are several; NULL */
	size_t event_shown;   /* its number in the model */
	size_t events_known;

	uint64_t window;    /* of time that is shown */
	bool window_chosen; /* by a key: views have their own no more */
	uint64_t end;	    /* where it ends; 0: now */
	uint64_t interval, last_query, started;
	uint64_t generation; /* of symbols, when the last query began */
	bool frozen;
	struct query *query; /* under way */
	uint64_t query_from, query_to;
	bool stale; /* a new query is due at once */

	const struct overlay *overlay;
	struct list list;
	bool narrow_to_row; /* in the view picker */
	int help_line;
	bool meters_on;
	struct meters meters; /* of the picture */
	struct target target;
	struct prompt prompt;
	char search[UI_PROMPT];

	char message[sizeof(((struct error *)0)->text)];
	enum style message_style;
	uint64_t message_until;
	bool dirty, quit;
	size_t rows_shown; /* of the panel, in the last frame */
};

static inline struct level *ui_level(const struct ui *ui)
{
	return ui->levels[ui->level_count - 1];
}

/* Whether what is looked at is now, and goes on. */
static inline bool ui_runs(const struct ui *ui)
{
	return !ui->config.to && !ui->frozen && !ui->end;
}

/* level.c */
struct level *level_new(const struct view *view, struct clause selection);
void level_free(struct level *level);
void ui_push(struct ui *ui, const struct view *view, struct clause selection);
bool ui_pop(struct ui *ui);
void ui_switch(struct ui *ui, const struct view *view); /* at the same level */
struct clause level_row_clause(const struct level *level);
uint64_t row_start(const struct level *level, uint32_t row); /* of a life, by its key; 0: none */
bool level_cursor_row(const struct level *level, uint32_t *row);
void level_move(struct ui *ui, struct level *level, int64_t rows);
void level_forget_table(struct level *level);
void level_take_table(struct level *level, struct table *table);
bool level_unfold(struct level *level); /* true: another query is needed to see what is below */
void level_set_path(struct level *level, enum view_path path);
void level_show_column(struct level *level, const struct field *field, size_t column, bool show);
bool level_is_open(const struct level *level, uint64_t id);
void level_set_open(struct level *level, uint64_t id, bool open);
void level_resort(struct level *level);
/* What the details of a view are of: a container or a process that the level is narrowed to. */
bool level_is_of_container(const struct level *level);
const char *level_detail_target(const struct level *level);
struct filter *plain_text_filter(const struct view *view, const char *text);

/* picture.c: queries */
void ui_refresh(struct ui *ui);
/* The picture is no longer of what is asked for: called before a level changes or goes. */
void ui_outdated(struct ui *ui);
/* The event whose samples are shown, or NULL before there is one; and another one of several. */
const struct event_fact *ui_event(const struct ui *ui);
void ui_next_event(struct ui *ui);
void ui_span(const struct ui *ui, uint64_t *from, uint64_t *to);
/* Whether the span stands still as what it is of has ended. */
bool ui_has_ended(const struct ui *ui);

/* grid.c: rows and columns of tables and trees */
void grid_draw(struct ui *ui, const struct rect *rect);
bool grid_key(struct ui *ui, int key);
bool row_matches(const struct ui *ui, const struct level *level, uint32_t row, const char *text);
size_t grid_cell(const struct ui *ui, const struct level *level, uint32_t row, size_t column,
	struct buf *out);

/* keys.c */
void ui_command_key(struct ui *ui, int key);
void keybar_draw(struct ui *ui, int row);

/* status.c, strip.c */
void status_draw(struct ui *ui, int row);
void ui_clock_text(const struct ui *ui, uint64_t time, char *out, size_t size); /* HH:MM:SS */
void breadcrumb_draw(struct ui *ui, int row);
void strip_draw(struct ui *ui, int row);

/* meters.c */
int meters_lines(const struct ui *ui, int rows, int columns);
void meters_refresh(struct ui *ui);
void meters_draw(struct ui *ui, int row);

/* prompt.c */
void prompt_open(struct ui *ui, const char *title, const char *text, void (*accept)(struct ui *ui),
	void (*changed)(struct ui *ui), void (*cancel)(struct ui *ui));
void prompt_close(struct ui *ui);
void prompt_key(struct ui *ui, int key);
void prompt_draw(struct ui *ui, int row);

/* list.c */
bool list_key(struct list *list, int key, int rows);
/* The same where letters are typed to go to an entry that has a word with them. */
bool list_key_typed(struct ui *ui, int key,
	void (*entry)(const struct ui *ui, int number, char *out, size_t size));
int list_first(struct list *list, int rows);
/* The frame all lists share: a title, the entries, and the panel still to be seen on the right. */
void list_draw(struct ui *ui, const struct rect *rect, const char *title, int width,
	void (*entry)(const struct ui *ui, int number, char *out, size_t size));
void overlay_open(struct ui *ui, const struct overlay *overlay, int count, int at);
void overlay_close(struct ui *ui);

/* overlays */
extern const struct overlay overlay_help, overlay_views, overlay_columns, overlay_sort,
	overlay_sources;
void overlay_columns_open(struct ui *ui);
void overlay_views_open(struct ui *ui);
void overlay_sort_open(struct ui *ui);
void overlay_actions_open(struct ui *ui);
void overlay_signals_open(struct ui *ui);

int ui_post(struct ui *ui, const char *verb, const char *target, const char *argument);

#endif
