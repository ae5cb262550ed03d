#pragma once
#include <memory>
#include <vector>

#include "knob.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// The sampler's main parameters, as its one table has them.
class SoundPanel final : public Card {
public:
    /// `but`: the parameter that stands elsewhere.
    SoundPanel(Player& player, const HostParameter* but);

    void refresh(); // which of them were moved
    void resized() override;

    static constexpr int least_height = 140;

private:
    juce::Viewport view_;
    juce::Component list_;
    std::vector<std::unique_ptr<LabelledControl>> controls_;
};

} // namespace producergan::plugin
