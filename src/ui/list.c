/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <curses.h>

#include "ui/local.h"

void overlay_open(struct ui *ui, const struct overlay *overlay, int count, int at)
{
	ui->overlay = overlay;
	ui->list = (struct list){count, at, 0};
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

/* The first entry that is shown in so many rows, the chosen one among them. */
int list_first(struct list *list, int rows)
{
	if (list->at < list->top)
		list->top = list->at;
	if (rows > 0 && list->at >= list->top + rows)
		list->top = list->at - rows + 1;
	return list->top;
}
