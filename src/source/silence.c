/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/silence.h"

#include <bpf/libbpf.h>

void silence_libbpf(void)
{
	libbpf_set_print(NULL);
}
