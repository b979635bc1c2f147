/// One thing to measure, done to one body.
public struct Operation {
    /// What is done and by whom, such as `decode-ours`.
    public var name: String
    /// Does it once; the number depends on what was done, so that nothing is optimised away.
    public var run: () -> Int

    public init(_ name: String, _ run: @escaping () -> Int) {
        self.name = name
        self.run = run
    }
}

/// The two attributes that are renamed: half of the spans or more have them, in every body.
public enum Renaming {
    public static let names = [
        ("server.address", "net.peer.name"), ("server.port", "net.peer.port"),
    ]
}
