# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What tscope delay says of both captures of delay_odd.sh: each packet that arrived is found.
. "$(dirname "${BASH_SOURCE[0]}")/../results.sh"

tscope delay --json left.pcapng >left.delay
tscope delay --json right.pcapng >right.delay
pair() { # END PROTOCOL FIRST FIELD
	jq -c --arg protocol "$2" --arg first "$3" ".pairs[] | select(.protocol == \$protocol and .first == \$first) | $4" "$1.delay"
}
for first in app-tx socket-tx qdisc-tx; do
	is "$(pair left datagram $first '[.matched, .unmatched]')" '[250,0]' \
		"datagrams sent: each is found from $first on, fragments, GSO and MSG_MORE as well"
done
# 20 echo replies; 20 fragmented, 100 and 100 of GSO, 10 by one call each for a socket with GRO, 20 written by two calls, three copies
# of 20, 50 for a small buffer.
is "$(pair right datagram driver-rx '[.matched, .unmatched]')" '[380,0]' "datagrams received: none is lost between driver and socket"
is "$(pair right datagram socket-rx .unmatched)" $((50 - $(sed -n 2p full.out) / 100)) "what a full buffer dropped was never read, and nothing else"
is "$(pair right datagram socket-rx '.only_first | keys')" '["buffer_full"]' "and is called what it is"
is "$(pair left tcp app-tx '.only_second | keys')" '["no_call"]' "data of fast open have no call, and were not there before the capture"
is "$(pair right tcp socket-rx '.only_first | keys')" '["no_call"]' "what splice took is not unread"
is "$(jq '.fragments > 0' left.delay)$(jq '.fragments > 0' right.delay)" truetrue "fragments are counted"
prints 'records of datagrams in IP fragments' "which the text says" tscope delay right.pcapng
