#include "desk.hpp"

namespace producergan::plugin {

Desk::Desk(std::shared_ptr<const PresetModel> preset, const Knobs::Positions* positions)
    : model(std::move(preset)), program(model->program()),
      knobs(model->macros, static_cast<int>(program->get(PlayParam::mpe_members)),
            static_cast<int>(program->get(PlayParam::channel))),
      turns(*model) {
    for (std::size_t i = 0; positions != nullptr && i < positions->size(); ++i)
        knobs.set(static_cast<int>(i), (*positions)[i]);
    for (const Zone& zone : program->zones)
        own.zones.push_back(zone.parameters);
    own.play = program->play;
    told = own;
}

void work_out(const Desk& desk, const HostParameters& host, Values& values) noexcept {
    values = desk.own; // of the same size: nothing is allocated
    for (const HostParameter* parameter : host.sampler) {
        if (!parameter->taken_over())
            continue;
        const std::size_t index = parameter->index();
        if (parameter->row().scope == Scope::play)
            values.play[index] = parameter->plain();
        else
            for (auto& zone : values.zones)
                zone[index] = parameter->plain();
    }
    desk.knobs.each_value([&](Scope scope, int zone, int parameter, double value) {
        const auto index = static_cast<std::size_t>(parameter);
        const auto number = static_cast<float>(value);
        if (scope == Scope::play)
            values.play[index] = number;
        else if (zone >= 0)
            values.zones[static_cast<std::size_t>(zone)][index] = number;
        else
            for (auto& row : values.zones)
                row[index] = number;
    });
}

} // namespace producergan::plugin
