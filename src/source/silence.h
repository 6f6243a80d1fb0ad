/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libbpf says on stderr what goes wrong, over whatever the screen shows. */
#ifndef SOURCE_SILENCE_H
#define SOURCE_SILENCE_H

/*
 * Keeps libbpf from saying anything; whoever calls it tells what went wrong.  Once, before there
 * are threads.
 */
void silence_libbpf(void);

#endif
