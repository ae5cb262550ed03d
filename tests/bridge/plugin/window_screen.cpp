#include "window_screen.hpp"

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#undef None

namespace producergan::plugin::test {

juce::Image screen_of(juce::Component& window) {
    const int width = window.getWidth(), height = window.getHeight();
    juce::Image picture(juce::Image::RGB, width, height, true);
    Display* display = XOpenDisplay(nullptr); // one of our own: JUCE's belongs to its threads
    if (display == nullptr)
        return picture;
    const auto handle = reinterpret_cast<::Window>(window.getWindowHandle());
    if (XImage* shown = XGetImage(display, handle, 0, 0, static_cast<unsigned>(width), static_cast<unsigned>(height),
                                  AllPlanes, ZPixmap)) {
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) {
                const auto pixel = static_cast<juce::uint32>(XGetPixel(shown, x, y));
                picture.setPixelAt(x, y, juce::Colour(0xff000000u | pixel));
            }
        XDestroyImage(shown);
    }
    XCloseDisplay(display);
    return picture;
}

void take_focus_from_all() {
    Display* display = XOpenDisplay(nullptr);
    if (display == nullptr)
        return;
    XSetInputFocus(display, PointerRoot, RevertToPointerRoot, CurrentTime);
    XSync(display, 0);
    XCloseDisplay(display);
}

} // namespace producergan::plugin::test
