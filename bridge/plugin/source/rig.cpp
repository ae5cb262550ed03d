#include "rig.hpp"

#include <algorithm>

namespace producergan::plugin {

namespace {

constexpr std::size_t most_reports = Snapshot::capacity;

} // namespace

Rig::Rig(HostParameters& parameters) : parameters_(parameters) {
    reports_.reserve(most_reports);
    sounding_.reserve(most_reports);
    was_sounding_.reserve(most_reports);
    needs_.reserve(most_reports + config::max_zones * config::max_variants);
    piece_.reserve(config::max_events);
    values_.zones.reserve(config::max_zones); // or to work them out would take memory
}

Rig::~Rig() {
    collect();
    delete now_;
    delete held_;
    delete coming_.load();
}

void Rig::prepare(double sample_rate) {
    sample_rate_ = sample_rate;
    sampler.prepare(sample_rate);
    sounding_.clear();
    was_sounding_.clear();
}

// ---- desks come and go -------------------------------------------------------------------------------------------

bool Rig::play(std::unique_ptr<Desk>& desk) {
    if (!sampler.set_program(desk->program))
        return false;
    put(desk->knobs.positions()); // so that it can be shown and saved before a host plays it
    for (std::size_t i = 0; i < shown_positions_.size(); ++i)
        shown_positions_[i].store(desk->knobs.position(static_cast<int>(i)), std::memory_order_relaxed);
    delete coming_.exchange(desk.release(), std::memory_order_acq_rel);
    return true;
}

void Rig::collect() {
    for (std::size_t at = gone_read_.load(std::memory_order_relaxed);
         at != gone_written_.load(std::memory_order_acquire); ++at) {
        delete gone_[at % gone_size];
        gone_read_.store(at + 1, std::memory_order_release);
    }
    sampler.collect();
}

void Rig::retire(Desk* desk) noexcept {
    if (desk == nullptr)
        return;
    const std::size_t at = gone_written_.load(std::memory_order_relaxed);
    gone_[at % gone_size] = desk;
    gone_written_.store(at + 1, std::memory_order_release);
}

/// Takes up the newest desk once the sampler has its program.
void Rig::adopt() noexcept {
    if (coming_.load(std::memory_order_relaxed) != nullptr &&
        gone_written_.load(std::memory_order_relaxed) - gone_read_.load(std::memory_order_acquire) + 2 <= gone_size) {
        Desk* coming = coming_.exchange(nullptr, std::memory_order_acq_rel);
        retire(held_);
        held_ = coming;
    }
    if (held_ == nullptr)
        return;
    sampler.process(nullptr, 0, nullptr, 0, 0, 0); // takes what waits in its queue
    if (sampler.program_id() != held_->program->id)
        return;
    if (now_ != nullptr)
        held_->knobs.follow(now_->knobs);
    Desk* const before = now_;
    now_ = held_;
    held_ = nullptr;
    was_sounding_.clear();
    hear_pad();
    put(now_->knobs.positions());
    shown_.store(now_, std::memory_order_release);
    retire(before); // only now: until here others may have looked at it
    publish();
    send_values();
}

// ---- hands -------------------------------------------------------------------------------------------------------

void Rig::let_go() noexcept {
    for (HostParameter* parameter : parameters_.sampler)
        parameter->let_go();
}

void Rig::forget_turns(int key) {
    if (Desk* desk = shown_.load(std::memory_order_acquire); desk != nullptr)
        desk->turns.forget(key);
}

std::array<unsigned, 2> Rig::take_triggers() {
    return {pulled_[0].exchange(0, std::memory_order_relaxed), pulled_[1].exchange(0, std::memory_order_relaxed)};
}

/// Whether an event asks for new sounds, as the preset's triggers have it; it sounds nothing then.
bool Rig::pulls(const Event& event) noexcept {
    const int kind = event.status & 0xf0;
    const bool note = kind == 0x90 && event.data2 > 0, controller = kind == 0xb0;
    const bool was_high = controller && high_[event.data1];
    if (controller)
        high_[event.data1] = event.data2 >= 64;
    bool pulled = false;
    for (const Trigger& trigger : now_->model->triggers)
        if (trigger.number == event.data1 && (trigger.note ? note : controller && event.data2 >= 64 && !was_high)) {
            pulled_[trigger.all ? 1 : 0].fetch_add(1, std::memory_order_relaxed);
            pulled = true;
        }
    return pulled;
}

/// An event of the preset's channel moves macros, or asks for new sounds; true if a macro moved. A render has the
/// sounds that there are, so that it comes out the same each time.
bool Rig::hear(const Event& event, bool live) noexcept {
    if (channel() == 0 || (event.status & 0x0f) == channel() - 1) {
        if (live && pulls(event))
            return false;
        if ((event.status & 0xf0) == 0x90 && event.data2 > 0)
            last_key_.store(event.data1, std::memory_order_relaxed);
    }
    return now_->knobs.handle(event.status, event.data1, event.data2);
}

/// What the host's parameters say; true if that moved what the keys sound like.
bool Rig::hear_host() noexcept {
    bool moved = false, changed = false;
    if (put_back_.exchange(false, std::memory_order_relaxed))
        for (std::size_t i = 0; i < put_positions_.size(); ++i)
            moved |= now_->knobs.set(static_cast<int>(i), put_positions_[i].load(std::memory_order_relaxed));
    for (std::size_t i = 0; i < parameters_.macros.size(); ++i)
        if (const auto position = parameters_.macros[i]->moved()) {
            const int macro = static_cast<int>(i);
            // The same position in other digits is no movement.
            if (static_cast<float>(now_->knobs.position(macro)) != *position)
                moved |= now_->knobs.set(macro, static_cast<double>(*position));
            put_positions_[i].store(now_->knobs.position(macro), std::memory_order_relaxed);
        }
    moved |= hear_pad();
    for (HostParameter* parameter : parameters_.sampler)
        changed |= parameter->moved().has_value();
    changed |= parameters_.restated.exchange(false, std::memory_order_acquire);
    if (changed && !moved)
        send_values();
    return moved;
}

/// Where the morph pad stands, whoever put it there; true if that is elsewhere.
bool Rig::hear_pad() noexcept {
    bool moved = false;
    for (std::size_t i = 0; i < hands_.morph.size(); ++i) {
        parameters_.morph[i]->moved(); // it is the host's from then on
        const auto position = static_cast<double>(parameters_.morph[i]->plain());
        moved |= hands_.morph[i] != position;
        hands_.morph[i] = position;
    }
    return moved;
}

void Rig::put(const Knobs::Positions& positions) noexcept {
    for (std::size_t i = 0; i < positions.size(); ++i)
        put_positions_[i].store(positions[i], std::memory_order_relaxed);
}

void Rig::send_values() noexcept {
    if (sampler.program_id() != now_->program->id)
        return; // another preset has begun: its desk comes with the next block
    work_out(*now_, parameters_, values_);
    for (std::size_t i = 0; i < values_.play.size(); ++i)
        if (values_.play[i] != now_->told.play[i])
            sampler.set_parameter_now(Scope::play, -1, static_cast<int>(i), values_.play[i]);
    for (std::size_t zone = 0; zone < values_.zones.size(); ++zone)
        for (std::size_t i = 0; i < zone_param_count; ++i)
            if (values_.zones[zone][i] != now_->told.zones[zone][i])
                sampler.set_parameter_now(Scope::zone, static_cast<int>(zone), static_cast<int>(i),
                                          values_.zones[zone][i]);
    now_->told = values_; // of the same size
}

void Rig::publish() noexcept {
    if (now_ != nullptr) {
        hands_.positions = now_->knobs.positions();
        hands_.touches = now_->knobs.touches();
    }
    ++hands_.version;
    lock_.begin();
    std::size_t at = 0;
    const auto put = [&](double number) { words_[at++].store(number, std::memory_order_relaxed); };
    for (std::size_t i = 0; i < hands_.positions.size(); ++i) {
        put(hands_.positions[i]);
        shown_positions_[i].store(hands_.positions[i], std::memory_order_relaxed);
    }
    for (const double position : hands_.morph)
        put(position);
    for (const auto& row : hands_.touches)
        for (const double position : row)
            put(position);
    version_.store(hands_.version, std::memory_order_relaxed);
    lock_.end();
}

bool Rig::look(Hands& hands) const {
    if (version_.load(std::memory_order_relaxed) == hands.version)
        return false;
    lock_.read([&] {
        std::size_t at = 0;
        const auto get = [&] { return words_[at++].load(std::memory_order_relaxed); };
        for (double& position : hands.positions)
            position = get();
        for (double& position : hands.morph)
            position = get();
        for (auto& row : hands.touches)
            for (double& position : row)
                position = get();
        hands.version = version_.load(std::memory_order_relaxed);
    });
    return true;
}

/// Slots of fresh zones that sounded and are silent again were played once more.
void Rig::renew() noexcept {
    if (!now_->turns.any_fresh())
        return;
    sampler.snapshot().read(reports_);
    sounding_.clear();
    bool raised = false;
    for (const VoiceReport& report : reports_)
        if (report.program == now_->program->id)
            if (const Place place{report.zone, report.slot_key, report.variant}; now_->turns.fresh(place))
                sounding_.push_back(place);
    std::sort(sounding_.begin(), sounding_.end());
    sounding_.erase(std::unique(sounding_.begin(), sounding_.end()), sounding_.end());
    for (const Place place : was_sounding_)
        if (!std::binary_search(sounding_.begin(), sounding_.end(), place)) {
            now_->turns.raise(place);
            raised = true;
        }
    std::swap(sounding_, was_sounding_);
    if (raised)
        publish();
}

// ---- a block -----------------------------------------------------------------------------------------------------

bool Rig::process(const std::vector<Event>& events, const Output* outputs, int output_count, int frames,
                  SoundSource* source) {
    adopt();
    if (now_ == nullptr) {
        sampler.process(events.data(), static_cast<int>(events.size()), outputs, output_count, 1, frames);
        return source == nullptr;
    }
    const std::int64_t grid = renewal_frames(sample_rate_);
    const auto count = events.size();
    bool complete = true;
    std::size_t next = 0;
    bool moved = hear_host();
    for (int frame = 0; frame < frames;) {
        const std::int64_t now = sampler.clock();
        while (source != nullptr && !wishes_.empty() && wishes_.front().frame <= now) {
            applied_ = wishes_.front();
            wishes_.pop_front();
        }
        const std::size_t first = next;
        for (; next < count && events[next].offset <= frame; ++next)
            moved |= hear(events[next], source == nullptr);
        if (moved) {
            publish();
            send_values();
            if (source != nullptr)
                wish();
            else
                put(now_->knobs.positions());
            moved = false;
        }
        if (now % grid == 0)
            renew();
        std::int64_t stop = std::min<std::int64_t>(frames, frame + grid - now % grid);
        if (next < count)
            stop = std::min<std::int64_t>(stop, events[next].offset);
        if (source != nullptr) {
            if (!wishes_.empty())
                stop = std::min(stop, frame + wishes_.front().frame - now);
            if (const auto& wanted = needs(events.data() + first, static_cast<int>(next - first)); !wanted.empty())
                complete &= source->provide(*now_, applied_.hands, wanted);
            sampler.take_all_messages();
        }
        const int length = static_cast<int>(stop) - frame;
        std::array<Output, config::outputs> here{};
        for (int i = 0; i < output_count; ++i)
            if (outputs[i].left != nullptr)
                here[static_cast<std::size_t>(i)] = {outputs[i].left + frame, outputs[i].right + frame};
        piece_.assign(events.begin() + static_cast<std::ptrdiff_t>(first),
                      events.begin() + static_cast<std::ptrdiff_t>(next));
        for (Event& event : piece_)
            event.offset = 0;
        sampler.process(piece_.data(), static_cast<int>(piece_.size()), here.data(), output_count, 1, length);
        frame = static_cast<int>(stop);
    }
    return complete;
}

// ---- offline -----------------------------------------------------------------------------------------------------

void Rig::begin_render() {
    wishes_.clear();
    times_ = MorphTimes(sample_rate_);
    if (now_ == nullptr && held_ == nullptr && coming_.load() == nullptr)
        return;
    sampler.take_all_messages(); // what was told before counts
    adopt();
    // A program of its own, so that no round robin stands where an earlier render left it.
    const Desk* before = coming_.load() != nullptr ? coming_.load() : held_ != nullptr ? held_ : now_;
    Knobs::Positions positions = before->knobs.positions();
    for (std::size_t i = 0; i < positions.size() && before == now_; ++i)
        positions[i] = put_positions_[i].load(std::memory_order_relaxed);
    auto desk = std::make_unique<Desk>(before->model, &positions);
    for (std::size_t slot = 0; slot < desk->program->table.size(); ++slot)
        for (std::size_t variant = 0; variant < config::max_variants; ++variant) {
            const ClipSlot& there = before->program->table[slot];
            desk->program->table[slot].clips[variant] =
                there.coming[variant] ? there.coming[variant] : there.clips[variant];
        }
    work_out(*desk, parameters_, desk->told);
    for (std::size_t zone = 0; zone < desk->program->zones.size(); ++zone)
        desk->program->zones[zone].parameters = desk->told.zones[zone];
    desk->program->play = desk->told.play;
    play(desk);
    sampler.take_all_messages();
    adopt();
    if (now_ == nullptr)
        return;
    hear_host(); // what was moved since the render before counts from the first frame on
    publish();
    send_values();
    applied_ = {};
    applied_.hands = hands_;
}

/// What the hands ask for now is heard when it is its time.
void Rig::wish() {
    const MorphTimes::Due due = times_.move(sampler.clock());
    if (due.replaces)
        wishes_.pop_back();
    wishes_.push_back({due.frame, hands_});
}

/// What sounds now, and what these events strike.
const std::vector<Need>& Rig::needs(const Event* events, int count) {
    needs_.clear();
    const auto need = [&](Need row) {
        if (std::find(needs_.begin(), needs_.end(), row) == needs_.end())
            needs_.push_back(row);
    };
    sampler.snapshot().read(reports_);
    for (const VoiceReport& report : reports_)
        if (report.program == now_->program->id)
            need({{report.zone, report.slot_key, report.variant}, report.key});
    for (int i = 0; i < count; ++i) {
        if ((events[i].status & 0xf0) != 0x90 || events[i].data2 == 0)
            continue;
        for (std::size_t zone = 0; zone < now_->model->zones.size(); ++zone) {
            const Zone& native = now_->model->zones[zone].native;
            if (native.notes[events[i].data1])
                for (int variant = 0; variant < native.layers * native.siblings; ++variant)
                    need({{static_cast<std::uint8_t>(zone), static_cast<std::uint8_t>(native.slot_key(events[i].data1)),
                           static_cast<std::uint8_t>(variant)},
                          events[i].data1});
        }
    }
    return needs_;
}

} // namespace producergan::plugin
