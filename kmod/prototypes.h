/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the running kernel's own type information (BTF) says of the functions that are hooked. The
 * compiler can't tell it of those that no header declares, and headers may be of another build.
 * At load only; the caller serialises.
 */
#ifndef TSCOPE_PROTOTYPES_H
#define TSCOPE_PROTOTYPES_H

enum tscope_prototype {
	TSCOPE_PROTOTYPE_UNKNOWN,	/* no BTF, or this function is not in it */
	TSCOPE_PROTOTYPE_SAME,
	TSCOPE_PROTOTYPE_DIFFERS,
};

/* Reads the kernel's BTF, some megabytes, if there is any. */
void tscope_prototypes_read(void);
void tscope_prototypes_forget(void);

/*
 * Whether function `name` takes what `takes` says: types as in C, divided by commas: "struct NAME *"
 * or the name of a type that is no pointer. What it takes beyond these does not matter.
 */
enum tscope_prototype tscope_prototype_of(const char *name, const char *takes);

#endif
