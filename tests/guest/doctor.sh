# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# The doctor sends a packet past each place that loopback passes, of every protocol, and none stays silent.
. /tests/guest/lib.sh

load_module
tscope doctor --json >doctor.json || true
places() { jq -r '.checks[] | select(.name == "places") | .'"$1" doctor.json; }
is "$(places state): $(places what | cut -d ';' -f 1)" "ok: 24 stamp a packet of their own" "every place stamps"
is "$(places what | grep -oE 'tcp_timewait_state_process|ping_v4_sendmsg|napi_gro_receive_entry' | wc -l)" 3 \
	"and it says which were not tried"
