/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups that stand below one another: processes below their parents, cgroups below theirs.
 *
 * Unlike stacks, all of it is there; what someone has folded is left out.
 */
#ifndef VIEW_FOREST_H
#define VIEW_FOREST_H

#include "view/group.h"
#include "view/stacks.h"
#include "view/table.h"

struct forest {
	struct table_row *rows; /* by group; parent is a group, or TABLE_TOP */
	bool *hidden;		/* below a row that is folded */
	uint32_t count;
};

/*
 * @parents: of each group the first @keys keys of the group above it, or none.  @ids: by group.
 * @folded says which ids are.  Groups above that are not there, and rings of them, are left out:
 * what would stand below them stands at the top.
 */
void forest_build(struct forest *forest, const struct groups *groups, size_t keys,
	const struct value *parents, const uint64_t *ids, const struct unfolding *folded);
void forest_release(struct forest *forest);

#endif
