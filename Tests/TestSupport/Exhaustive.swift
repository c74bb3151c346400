import Foundation

/// Whether tests try all of many cases (`script/test --all`), or the part that a plain run has the time for. A test that tries a part says
/// which.
public enum Exhaustive {
    public static let isOn = ProcessInfo.processInfo.environment["BRAID_EXHAUSTIVE"] == "1"

    /// All cases, or those of the plain run.
    public static func cases<Case>(_ all: [Case], plain isPlain: (Case) -> Bool) -> [Case] { isOn ? all : all.filter(isPlain) }

    /// The seeds of random cases: the first `plain`, or `all`.
    public static func seeds(plain: Int, all: Int) -> Range<Int> { 0..<(isOn ? all : plain) }
}
