#pragma once
// Thread tags. Every function of the native layer ends its comment with one of these, and so do the docstrings of
// Python whose thread matters:
//
// [audio-thread]    Called from the audio callback (or from whoever stands in for it: the null clock, the offline
//                   renderer). Never allocates, frees, locks, waits, logs, throws or makes a system call.
// [control-thread]  Called from one thread that is not the audio thread; at most one at a time for an object.
// [thread-safe]     May be called from any thread at any time.
// [midi-process]    Called from the process that reads the MIDI ports.
// [main-thread]     Python only: called from the main thread, which runs the terminal, opens and closes outputs and
//                   recordings, and looks after the MIDI process.
// [supply-thread]   Python only: called from the thread that makes sounds.
// [setup]           Called before the audio thread has been handed the object, or after it was taken from it.
