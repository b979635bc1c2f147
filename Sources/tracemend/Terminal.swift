import Foundation

/// What standard output is.
enum Terminal {
    /// Colour is for terminals, and not for people who set NO_COLOR.
    static var isColoured: Bool {
        let noColour = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        return noColour.isEmpty && isatty(STDOUT_FILENO) == 1
    }
}
