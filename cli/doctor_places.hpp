// SPDX-License-Identifier: MIT
#pragma once

#include "doctor_checks.hpp"

namespace doctor {

/// Sends itself packets of every protocol that pass the module's places, each of them one that no
/// other place of its vantage point sees, and says which places stayed silent nevertheless.
Check check_places(const tscope::KmodStatus& status);

}  // namespace doctor
