/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line that is typed at the bottom of the screen. */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "ui/local.h"

#define CONTROL(letter) ((letter)&0x1f)

void prompt_open(struct ui *ui, const char *title, const char *text, void (*accept)(struct ui *ui),
	void (*changed)(struct ui *ui), void (*cancel)(struct ui *ui))
{
	struct prompt *prompt = &ui->prompt;

	*prompt = (struct prompt){
		.title = title, .changed = changed, .accept = accept, .cancel = cancel};
	snprintf(prompt->text, sizeof(prompt->text), "%s", text ? text : "");
	prompt->size = prompt->at = strlen(prompt->text);
	ui->dirty = true;
}

void prompt_close(struct ui *ui)
{
	ui->prompt.title = NULL;
	ui->dirty = true;
}

static void prompt_delete(struct prompt *prompt, size_t from, size_t to)
{
	memmove(prompt->text + from, prompt->text + to, prompt->size - to + 1);
	prompt->size -= to - from;
	prompt->at = from;
}

/* The beginning of the character before @at. */
static size_t before(const struct prompt *prompt, size_t at)
{
	while (at > 0 && ((unsigned char)prompt->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t behind(const struct prompt *prompt, size_t at)
{
	if (at < prompt->size)
		at++;
	while (at < prompt->size && ((unsigned char)prompt->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static size_t word_before(const struct prompt *prompt)
{
	size_t at = prompt->at;

	while (at > 0 && prompt->text[at - 1] == ' ')
		at--;
	while (at > 0 && prompt->text[at - 1] != ' ')
		at--;
	return at;
}

static void prompt_insert(struct prompt *prompt, int key)
{
	if (key < 32 || key > 255 || key == 127 || prompt->size + 1 >= sizeof(prompt->text))
		return;
	memmove(prompt->text + prompt->at + 1, prompt->text + prompt->at,
		prompt->size - prompt->at + 1);
	prompt->text[prompt->at++] = (char)key;
	prompt->size++;
}

static void prompt_edit(struct prompt *prompt, int key)
{
	switch (key) {
	case KEY_LEFT:
		prompt->at = before(prompt, prompt->at);
		break;
	case KEY_RIGHT:
		prompt->at = behind(prompt, prompt->at);
		break;
	case KEY_HOME:
	case CONTROL('a'):
		prompt->at = 0;
		break;
	case KEY_END:
	case CONTROL('e'):
		prompt->at = prompt->size;
		break;
	case KEY_BACKSPACE:
	case 127:
	case '\b':
		if (prompt->at)
			prompt_delete(prompt, before(prompt, prompt->at), prompt->at);
		break;
	case KEY_DC:
		prompt_delete(prompt, prompt->at, behind(prompt, prompt->at));
		break;
	case CONTROL('u'):
		prompt_delete(prompt, 0, prompt->at);
		break;
	case CONTROL('w'):
		prompt_delete(prompt, word_before(prompt), prompt->at);
		break;
	default:
		prompt_insert(prompt, key);
	}
}

void prompt_key(struct ui *ui, int key)
{
	struct prompt *prompt = &ui->prompt;
	size_t size = prompt->size;

	ui->dirty = true;
	if (key == 27 || key == KEY_EXIT) {
		prompt_close(ui);
		if (prompt->cancel)
			prompt->cancel(ui);
		return;
	}
	if (key == '\r' || key == '\n' || key == KEY_ENTER) {
		prompt->accept(ui); /* closes it, unless there is something wrong */
		return;
	}
	prompt_edit(prompt, key);
	if (!prompt->changed) /* it is looked at when it is accepted */
		prompt->has_error = false;
	if (prompt->changed && (prompt->size != size || key > 255))
		prompt->changed(ui);
}

/* Cells between two places of what is typed. */
static int cells_between(const struct ui *ui, size_t from, size_t to)
{
	if (to <= from)
		return 0;
	return draw_width(ui->term, (struct str){ui->prompt.text + from, to - from});
}

/* What is wrong, under the column it means; further left where it would not fit. */
static void prompt_draw_error(struct ui *ui, int row, int left, size_t skip)
{
	const struct prompt *prompt = &ui->prompt;
	int rows, columns, at, width = draw_width(ui->term, str_from(prompt->error)) + 2;
	bool points = prompt->error_column >= skip;

	term_size(ui->term, &rows, &columns);
	at = left + cells_between(ui, skip, prompt->error_column);
	if (at + width > columns) {
		at = columns > width ? columns - width : 0;
		points = false;
	}
	draw_label(ui->term, row, 0, columns, "", STYLE_NORMAL, DRAW_FILL);
	if (points)
		at += draw_label(ui->term, row, at, columns - at, "v ", STYLE_ERROR, 0);
	draw_text(ui->term, row, at, columns - at, str_from(prompt->error), STYLE_ERROR, 0);
}

/* In two lines: what is wrong stands above what is typed. */
void prompt_draw(struct ui *ui, int row)
{
	struct prompt *prompt = &ui->prompt;
	int rows, columns, left, room;
	size_t skip = 0;

	term_size(ui->term, &rows, &columns);
	draw_label(ui->term, row, 0, columns, "", STYLE_NORMAL, DRAW_FILL);
	left = draw_format(ui->term, row, 0, columns, STYLE_KEY, "%s: ", prompt->title);
	room = columns - left - 1;
	if (room < 1)
		return;
	/* The end that is typed at stays in sight. */
	while (cells_between(ui, skip, prompt->at) > room)
		skip = behind(prompt, skip);
	draw_text(ui->term, row, left, room + 1,
		(struct str){prompt->text + skip, prompt->size - skip}, STYLE_NORMAL, 0);
	if (prompt->has_error && row > 0)
		prompt_draw_error(ui, row - 1, left, skip);
	draw_cursor(ui->term, row, left + cells_between(ui, skip, prompt->at));
}
