// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>

#include "listeners.h"

struct hlist_head tscope_listeners[1 << TSCOPE_LISTENER_BITS] __read_mostly;
struct hlist_head tscope_listeners_everywhere __read_mostly;

static DEFINE_MUTEX(listeners_lock);	/* to change the lists; taken after sessions_lock */
static unsigned int count, others;	/* listeners_lock */

static struct hlist_head *head_of(const struct tscope_listener *listener)
{
	if (!listener->net)
		return &tscope_listeners_everywhere;
	return &tscope_listeners[hash_ptr((void *)listener->net, TSCOPE_LISTENER_BITS)];
}

static unsigned int count_in(const struct net *net)
{
	const struct tscope_listener *other;
	unsigned int n = 0;

	lockdep_assert_held(&listeners_lock);
	tscope_for_each_listener(other, tscope_listeners_of(net))
		n += other->net == net && !other->privileged;
	return n;
}

/* Who may capture everywhere finds room, whatever all others run. */
static bool has_room(const struct tscope_listener *listener)
{
	if (count == TSCOPE_LISTENERS_MAX)
		return false;
	return listener->privileged || (others < TSCOPE_LISTENERS_OTHERS &&
					count_in(listener->net) < TSCOPE_LISTENERS_NETNS);
}

int tscope_listener_add(struct tscope_listener *listener)
{
	int err = -EDQUOT;

	mutex_lock(&listeners_lock);
	if (has_room(listener)) {
		hlist_add_head_rcu(&listener->node, head_of(listener));
		listener->listed = true;
		count++;
		others += !listener->privileged;
		err = 0;
	}
	mutex_unlock(&listeners_lock);
	return err;
}

void tscope_listener_remove(struct tscope_listener *listener)
{
	mutex_lock(&listeners_lock);
	if (listener->listed) {
		hlist_del_rcu(&listener->node);
		listener->listed = false;
		count--;
		others -= !listener->privileged;
	}
	mutex_unlock(&listeners_lock);
}
