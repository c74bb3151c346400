import Source

/// Why a text names no target.
public struct TargetNameError: Mistake, Hashable {
    public let message: String
    /// What there is.
    public let repair: String

    public var diagnostic: Diagnostic { Diagnostic(message, at: .none, help: repair) }
}

extension Target {
    /// A unit that schedules and the code generator are to do without, for comparison.
    public enum Restriction: String, CaseIterable, Sendable {
        case noTiles = "no-tiles"
        case noDotProducts = "no-dot"
    }

    /// The target that a text names: `host` or a preset, and restrictions behind commas, such as `host,no-tiles`.
    public static func named(_ text: String, host: @autoclosure () -> Target) throws(TargetNameError) -> Target {
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let first = words[0]
        guard let machine = first == "host" ? host() : preset(named: first) else {
            throw TargetNameError(
                message: "there is no target '\(first)'", repair: "there are host, \(presets.map(\.name).joined(separator: ", "))")
        }
        var restrictions: Set<Restriction> = []
        for word in words.dropFirst() {
            guard let restriction = Restriction(rawValue: word) else {
                throw TargetNameError(
                    message: "a target has no restriction '\(word)'",
                    repair: "there are \(Restriction.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            restrictions.insert(restriction)
        }
        return machine.restricted(by: restrictions)
    }

    /// The machine without some of its units, whose name says so.
    public func restricted(by restrictions: Set<Restriction>) -> Target {
        var target = self
        for restriction in Restriction.allCases where restrictions.contains(restriction) {
            let name = "\(target.name),\(restriction.rawValue)"
            switch restriction {
            case .noTiles: target = target.withoutTiles
            case .noDotProducts: target = target.withoutDotProducts
            }
            target.name = name
        }
        return target
    }
}
