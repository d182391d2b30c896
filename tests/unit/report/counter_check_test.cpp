// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "report/counter_check_json.hpp"
#include "report/counter_check_text.hpp"

namespace tscope {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Lines are broken at blanks.
std::string text_of(const CounterCheck& check) {
  std::string text = counter_check_text(check);
  std::ranges::replace(text, '\n', ' ');
  return text;
}

InterfaceCheck interface_check(const std::string& device, Vantage vantage, std::uint64_t counted,
                               std::uint64_t passed) {
  InterfaceCheck check;
  check.interface = {device, vantage};
  check.counted = counted;
  check.frames = passed;
  check.segments = passed;
  return check;
}

CounterCheck done(std::vector<InterfaceCheck> checks) {
  return {.state = CounterCheck::State::done, .interfaces = std::move(checks)};
}

TEST(CounterCheckReport, NamesWhatIsComplete) {
  InterfaceCheck busy = interface_check("eth0", Vantage::driver_tx, 40, 41);
  busy.margin = 2;
  EXPECT_EQ(text_of(done({interface_check("eth0", Vantage::driver_rx, 50, 50), busy})),
            "All packets that these interfaces counted passed tscope's hooks (eth0 50 received, "
            "eth0 40 ± 2 sent). ");
}

TEST(CounterCheckReport, SaysWhatIsMissingFirst) {
  const std::string text = text_of(done({interface_check("lo", Vantage::driver_rx, 5, 5),
                                         interface_check("eth0", Vantage::driver_rx, 2000, 1500)}));
  EXPECT_THAT(text, StartsWith("500 of the 2000 packets that eth0 received (25.0 %) never passed "
                               "driver-rx. A hardware offload"));
  EXPECT_THAT(text, HasSubstr("All packets that these interfaces counted passed tscope's hooks (lo "
                              "5 received)."));
}

TEST(CounterCheckReport, BlamesAnXdpProgramOnlyIfItRunsBeforeTheHook) {
  InterfaceCheck check = interface_check("eth0", Vantage::driver_rx, 2000, 1500);
  check.xdp = XdpMode::native;
  EXPECT_THAT(text_of(done({check})),
              HasSubstr("eth0 has an XDP program (native), which can drop"));
  check.xdp = XdpMode::generic;
  EXPECT_THAT(text_of(done({check})), Not(HasSubstr("XDP")));
}

TEST(CounterCheckReport, SaysWhatCannotBeTold) {
  InterfaceCheck gone = interface_check("eth1", Vantage::driver_tx, 0, 7);
  gone.obstacle = CheckObstacle::disappeared;
  EXPECT_EQ(text_of(done({gone})),
            "Whether all packets of eth1 passed driver-tx is not known: it disappeared during the "
            "capture. ");
  const InterfaceCheck fewer = interface_check("eth2", Vantage::driver_rx, 3, 7);
  EXPECT_THAT(text_of(done({fewer})), HasSubstr("it counted 3 and 7 packets passed: it does not"));
}

TEST(CounterCheckReport, SaysThatACaptureWasNotCompared) {
  EXPECT_THAT(text_of({.state = CounterCheck::State::absent, .interfaces = {}}),
              HasSubstr("is not known: the capture has no comparison"));
  EXPECT_EQ(text_of({}), "");
}

TEST(CounterCheckReport, JsonHasFiguresAndVerdict) {
  const auto json =
      counter_check_object(done({interface_check("eth0", Vantage::driver_rx, 2000, 1500)}));
  EXPECT_EQ(json["state"], "done");
  const auto& one = json["interfaces"][0];
  EXPECT_EQ(one["interface"], "eth0");
  EXPECT_EQ(one["vantage"], "driver-rx");
  EXPECT_EQ(one["verdict"], "missing");
  EXPECT_EQ(one["doubt"], "none");
  EXPECT_EQ(one["missing"], 500);
  EXPECT_EQ(one["counted"], 2000);
  EXPECT_EQ(one["frames"], 1500);
  EXPECT_EQ(one["xdp"], "none");
  EXPECT_EQ(counter_check_object({})["state"], "not-applicable");
}

TEST(CounterCheckReport, SaysHowMuchPassedAtTheDeviceBelow) {
  InterfaceCheck check = interface_check("mv0", Vantage::driver_rx, 258, 3);
  check.obstacle = CheckObstacle::lower_device;
  const std::string text = text_of(done({check}));
  EXPECT_THAT(text, HasSubstr("driver-rx saw 3 of the 258 packets that mv0 received"));
  EXPECT_THAT(text, HasSubstr("device below"));
}

TEST(CounterCheckReport, JsonNamesTheObstacle) {
  InterfaceCheck check = interface_check("eth0.5", Vantage::driver_rx, 3, 0);
  check.obstacle = CheckObstacle::lower_device;
  const auto json = counter_check_object(done({check}));
  EXPECT_EQ(json["interfaces"][0]["verdict"], "unknown");
  EXPECT_EQ(json["interfaces"][0]["doubt"], "lower-device");
}

}  // namespace
}  // namespace tscope
