/// The code generator's list of what a processor has and has not: `+avx2,-amx-tile`. What stands last on a feature counts.
public struct FeatureList: Hashable, Sendable {
    private var words: [String]

    public init(_ text: String) { words = text.split(separator: ",").map(String.init) }

    public init(_ present: [String]) { words = present.map { "+" + $0 } }

    public var text: String { words.joined(separator: ",") }

    /// What the list says there is, in its order.
    public var present: [String] {
        words.compactMap { $0.hasPrefix("+") ? String($0.dropFirst()) : nil }.filter(contains)
    }

    public func contains(_ feature: String) -> Bool {
        words.last { $0.dropFirst() == feature && ($0.hasPrefix("+") || $0.hasPrefix("-")) }?.hasPrefix("+") ?? false
    }

    public func contains(all features: [String]) -> Bool { features.allSatisfy(contains) }

    /// The list with whatever it has of `features` taken away. They are denied where they stood, since a processor's name alone may imply
    /// them; what was not there is not mentioned, since other families' features are unknown to a code generator.
    public func without(_ features: some Sequence<String>) -> FeatureList {
        var list = self
        let denied = Set(features)
        for (index, word) in words.enumerated() where word.hasPrefix("+") && denied.contains(String(word.dropFirst())) {
            list.words[index] = "-" + word.dropFirst()
        }
        return list
    }

    /// The list with `features` that it does not have yet at its end.
    public func with(_ features: some Sequence<String>) -> FeatureList {
        var list = self
        for feature in features where !list.contains(feature) { list.words.append("+" + feature) }
        return list
    }
}
