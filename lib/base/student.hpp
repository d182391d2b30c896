// SPDX-License-Identifier: MIT
#pragma once

namespace tscope {

/// Returns by how many standard errors a 95 % interval reaches to each side where the error itself
/// is an estimate of so many degrees of freedom (Student's t at 97.5 %). There is at least one.
double student_quantile(double degrees);

}  // namespace tscope
