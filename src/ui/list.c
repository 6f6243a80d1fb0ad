/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <curses.h>
#include <string.h>
#include <strings.h>

#include "ui/local.h"

void overlay_open(struct ui *ui, const struct overlay *overlay, int count, int at)
{
	ui->overlay = overlay;
	ui->list = (struct list){.count = count, .at = at};
	ui->help_line = 0;
	ui->dirty = true;
}

void overlay_close(struct ui *ui)
{
	ui->overlay = NULL;
	ui->message_until = 0; /* what it said was about itself */
	ui->dirty = true;
}

bool list_key(struct list *list, int key, int rows)
{
	int page = rows > 1 ? rows - 1 : 1;

	switch (key) {
	case KEY_UP:
	case 'k':
		list->at--;
		break;
	case KEY_DOWN:
	case 'j':
		list->at++;
		break;
	case KEY_PPAGE:
		list->at -= page;
		break;
	case KEY_NPAGE:
		list->at += page;
		break;
	case KEY_HOME:
		list->at = 0;
		break;
	case KEY_END:
		list->at = list->count;
		break;
	default:
		return false;
	}
	if (list->at >= list->count)
		list->at = list->count - 1;
	if (list->at < 0)
		list->at = 0;
	return true;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Whether @typed stands in the text; with @begins, where a word of it begins. */
static bool has_typed(const char *text, const char *typed, bool begins)
{
	size_t size = strlen(typed);

	for (const char *at = text; *at; at++)
		if (!strncasecmp(at, typed, size) && (!begins || at == text || !is_word(at[-1])))
			return true;
	return false;
}

static bool list_find(struct ui *ui, const char *typed,
	void (*entry)(const struct ui *ui, int number, char *out, size_t size))
{
	char text[120];

	for (int begins = 1; begins >= 0; begins--)
		for (int i = 0; i < ui->list.count; i++) {
			entry(ui, i, text, sizeof(text));
			if (has_typed(text, typed, begins)) {
				ui->list.at = i;
				return true;
			}
		}
	return false;
}

/* A letter with which there would be no such entry is not taken. */
bool list_key_typed(struct ui *ui, int key,
	void (*entry)(const struct ui *ui, int number, char *out, size_t size))
{
	struct list *list = &ui->list;
	size_t size = strlen(list->typed);

	if (key > ' ' && key < 127) {
		if (size + 1 < sizeof(list->typed)) {
			list->typed[size] = (char)key;
			list->typed[size + 1] = '\0';
			if (!list_find(ui, list->typed, entry))
				list->typed[size] = '\0';
		}
		return true;
	}
	if (size && (key == KEY_BACKSPACE || key == 127 || key == '\b')) {
		list->typed[size - 1] = '\0';
		return true;
	}
	if (!list_key(list, key, (int)ui->rows_shown))
		return false;
	list->typed[0] = '\0';
	return true;
}

/* The first entry that is shown in so many rows, the chosen one among them. */
int list_first(struct list *list, int rows)
{
	if (list->at < list->top)
		list->top = list->at;
	if (rows > 0 && list->at >= list->top + rows)
		list->top = list->at - rows + 1;
	return list->top;
}
