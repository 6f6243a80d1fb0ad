/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtdump ROWS COLUMNS <bytes: what a terminal shows after these bytes, as text, by libvterm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <vterm.h>

static void print_cell(const VTermScreenCell *cell)
{
	for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i]; i++) {
		unsigned c = cell->chars[i];

		if (c < 0x80)
			putchar((int)c);
		else if (c < 0x800)
			printf("%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
		else if (c < 0x10000)
			printf("%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
		else
			printf("%c%c%c%c", 0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f),
				0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
	}
	if (!cell->chars[0])
		putchar(' ');
}

int main(int argc, char **argv)
{
	int rows = argc > 1 ? atoi(argv[1]) : 24, columns = argc > 2 ? atoi(argv[2]) : 80;
	VTerm *vt = vterm_new(rows, columns);
	VTermScreen *screen = vterm_obtain_screen(vt);
	char bytes[65536];
	ssize_t size;

	vterm_set_utf8(vt, 1);
	vterm_screen_enable_altscreen(screen, 1);
	vterm_screen_reset(screen, 1);
	while ((size = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		vterm_input_write(vt, bytes, (size_t)size);
	for (int row = 0; row < rows; row++) {
		for (int column = 0; column < columns; column++) {
			VTermScreenCell cell;

			vterm_screen_get_cell(screen, (VTermPos){row, column}, &cell);
			print_cell(&cell);
			column += cell.width > 1 ? cell.width - 1 : 0;
		}
		putchar('\n');
	}
	vterm_free(vt);
	return 0;
}
