// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.3 on, and distributions that took it back; vm_flags can't be written then. */
#include <linux/mm.h>

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_clear(vma, VM_MAYWRITE);
}
