// SPDX-License-Identifier: MIT
#include "tscope/base/facts.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace {

using Answer = std::array<std::uint32_t, 4>;

// A machine that answers CPUID as told, and 0 to everything else.
struct MadeUp {
  std::map<std::uint32_t, Answer> answers;

  Answer operator()(std::uint32_t leaf) const {
    const auto found = answers.find(leaf);
    return found == answers.end() ? Answer{} : found->second;
  }

  MadeUp& under(const char* signature, std::uint32_t base = 0x40000000) {
    Answer leaf{base + 1, 0, 0, 0};
    std::memcpy(&leaf[1], signature, 12);
    answers[base] = leaf;
    answers[1] = {0, 0, 1U << 31, 0};
    return *this;
  }
};

TEST(Facts, InvariantTscIsBit8) {
  MadeUp machine;
  machine.answers = {{0x80000000, {0x80000008, 0, 0, 0}}, {0x80000007, {0, 0, 0, 1U << 8}}};
  EXPECT_TRUE(tscope::has_invariant_tsc(machine));
  machine.answers[0x80000007] = {1U << 8, 1U << 8, 1U << 8, ~(1U << 8)};
  EXPECT_FALSE(tscope::has_invariant_tsc(machine));
}

TEST(Facts, ACpuWithoutTheLeafPromisesNothing) {
  // Such a CPU answers with the data of its highest basic leaf, whatever that is.
  MadeUp machine;
  machine.answers = {{0x80000000, {0x80000004, 0, 0, 0}}, {0x80000007, {~0U, ~0U, ~0U, ~0U}}};
  EXPECT_FALSE(tscope::has_invariant_tsc(machine));
}

TEST(Facts, HypervisorsByName) {
  const std::pair<const char*, const char*> known[] = {
      {"KVMKVMKVM\0\0\0", "KVM"},    {"Microsoft Hv", "Hyper-V"},  {"VMwareVMware", "VMware"},
      {"XenVMMXenVMM", "Xen"},       {"TCGTCGTCGTCG", "QEMU TCG"}, {"bhyve bhyve ", "bhyve"},
      {"VBoxVBoxVBox", "VirtualBox"}};
  for (const auto& [signature, name] : known) {
    EXPECT_EQ(tscope::hypervisor(MadeUp().under(signature)), name);
  }
  EXPECT_EQ(tscope::hypervisor(MadeUp().under("SomethingNew")), "SomethingNew");
  EXPECT_EQ(tscope::hypervisor(MadeUp().under("\0\0\0\0\0\0\0\0\0\0\0")), "unnamed hypervisor");
}

TEST(Facts, XenBehindHyperVsInterface) {
  auto machine = MadeUp().under("Microsoft Hv");
  machine.under("XenVMMXenVMM", 0x40000100);
  EXPECT_EQ(tscope::hypervisor(machine), "Xen");
}

TEST(Facts, BareMetalHasNone) {
  MadeUp machine;
  machine.under("KVMKVMKVM\0\0\0");
  machine.answers[1] = {};  // the bit decides: other leaves may hold anything
  EXPECT_FALSE(tscope::hypervisor(machine));
}

TEST(Facts, OfThisMachine) {
  const auto facts = tscope::host_facts();
  for (const char* key : {"kernel", "cpu", "cpus", "hypervisor", "clocksource", "tool"}) {
    EXPECT_TRUE(facts.contains(key)) << key;
  }
  EXPECT_TRUE(facts.at("kernel").starts_with("Linux ")) << facts.at("kernel");
  EXPECT_EQ(tscope::first_line("/nonexistent"), "");
}

}  // namespace
