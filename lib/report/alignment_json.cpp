// SPDX-License-Identifier: MIT
#include "report/alignment_json.hpp"

namespace tscope {

Json offset_object(const Alignment& a) {
  return {{"method", align_method_name(a.method)},
          {"offset_ns", a.offset_ns()},
          {"drift_ppm", a.drift_ppm()},
          {"drift_error_ppm", a.drift_error_ppm() ? Json(*a.drift_error_ppm()) : Json()},
          {"error_ns", a.error_ns ? Json(*a.error_ns) : Json()}};
}

Json residual_object(const Alignment& a) {
  return {{"p50", a.residual_p50_ns}, {"p99", a.residual_p99_ns}};
}

Json alignment_object(const Alignment& a, const std::string& note) {
  Json json = joined(offset_object(a), {{"residual_ns", residual_object(a)},
                                        {"round_trip_ns", a.round_trip_ns},
                                        {"samples", a.samples},
                                        {"outliers", a.outliers},
                                        {"bends", a.bends},
                                        {"one_way", a.towards_second != a.towards_first},
                                        {"steps", Json::array()},
                                        {"pieces", Json::array()},
                                        {"note", note}});
  for (const ClockStep& step : a.steps) {
    json["steps"].push_back({{"at_ns", step.at_ns},
                             {"within_ns", step.within_ns},
                             {"size_ns", step.size_ns},
                             {"error_ns", step.error_ns}});
  }
  for (const Alignment::Piece& piece : a.pieces) {
    json["pieces"].push_back({{"from_ns", piece.from_ns},
                              {"to_ns", piece.to_ns},
                              {"offset_ns", piece.offset_ns},
                              {"drift_ppm", piece.drift * 1e6}});
  }
  return json;
}

Json point_object(const CapturePoint& point) {
  return joined({{"file", point.file}}, interface_object(point.interface));
}

}  // namespace tscope
