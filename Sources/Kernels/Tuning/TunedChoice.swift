import Graph

/// How a contraction is computed, chosen by measurement: an algorithm, and how its work is cut.
///
/// It may come from a file: nothing of it is trusted. A lowering uses it only where the algorithm is allowed and the schedule is sound.
public struct TunedChoice: Hashable, Sendable {
    enum Schedule: Hashable, Sendable {
        case direct(DirectSchedule)
        case winograd(WinogradSchedule)
    }

    /// `direct`, or a form of minimal filtering such as `F(4x4, 3x3)`.
    public var algorithm: String
    /// Nil leaves it to the cost model.
    var schedule: Schedule?

    static let direct = "direct"

    init(_ algorithm: String, _ schedule: Schedule? = nil) {
        self.algorithm = algorithm
        self.schedule = schedule
    }

    init(_ schedule: DirectSchedule) { self.init(Self.direct, .direct(schedule)) }

    init(_ form: WinogradForm, _ schedule: WinogradSchedule) { self.init(form.description, .winograd(schedule)) }

    /// The algorithm alone: which bits a result has depends on nothing else.
    public var withoutSchedule: TunedChoice { TunedChoice(algorithm) }
}

extension TunedChoice: Codable {
    private enum Key: CodingKey { case algorithm, schedule }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        algorithm = try container.decode(String.self, forKey: .algorithm)
        schedule =
            algorithm == Self.direct
            ? try .direct(container.decode(DirectSchedule.self, forKey: .schedule))
            : try .winograd(container.decode(WinogradSchedule.self, forKey: .schedule))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(algorithm, forKey: .algorithm)
        switch schedule {
        case .direct(let schedule): try container.encode(schedule, forKey: .schedule)
        case .winograd(let schedule): try container.encode(schedule, forKey: .schedule)
        case nil: break
        }
    }
}

extension TunedChoice: CustomStringConvertible {
    /// The algorithm with its schedule, for people.
    public var description: String {
        switch schedule {
        case .direct(let cut): "direct, \(cut.rows) rows, \(cut.points) x \(cut.laneBlocks) registers, \(cut.laneParts) parts"
        case .winograd(let cut):
            "\(algorithm), \(cut.tiles) tiles, \(cut.registerTiles) x \(cut.laneBlocks) registers, chunks of \(cut.chunk), \(cut.parts) parts"
        case nil: algorithm
        }
    }
}

/// The tuned choices that a plan is made with, by `ContractionShape.tuningKey`; for one target, numerics and number of threads.
public struct TunedChoices: Hashable, Sendable {
    private var choices: [String: TunedChoice]

    public init(_ choices: [String: TunedChoice] = [:]) { self.choices = choices }

    /// Leaves every choice to the cost model.
    public static let none = TunedChoices()

    public var isEmpty: Bool { choices.isEmpty }

    public subscript(key: String) -> TunedChoice? { choices[key] }
}

extension ContractionShape {
    /// A text of all that the choice of an algorithm follows from, besides the machine, the numerics and the number of threads: extents,
    /// how operands are read and stored, what is computed when they are loaded and when sums are stored. No names and no labels, so that
    /// layers of one shape share what was measured.
    func tuningKey(_ group: Group) -> String {
        let graph = group.graph
        func list(_ numbers: some Sequence<Int>) -> String { numbers.map(String.init).joined(separator: "x") }
        func text(_ index: AffineIndex) -> String {
            let terms = index.terms.map { $0.scale == 1 ? "i\($0.axis)" : "\($0.scale)i\($0.axis)" }.joined(separator: "+")
            let offset = index.offset > 0 ? "+\(index.offset)" : index.offset < 0 ? "\(index.offset)" : terms.isEmpty ? "0" : ""
            return terms + offset + (index.divisor == 1 ? "" : "/\(index.divisor)")
        }
        func text(_ access: Access) -> String {
            let blocks = graph.layout(access.value).blocks.map { "\($0.axis):\($0.size)" }.joined(separator: ",")
            let origin =
                group.reads.contains(access.value)
                ? (group.facts.isPrepared(access.value) ? "kept" : "stored") : "computed \(group.operationCount(of: access.value))"
            return
                "\(list(graph.extents(access.value)))[\(access.position.map(text).joined(separator: ", "))] \(blocks.isEmpty ? "plain" : blocks) \(origin)"
        }
        let epilogue = group.members.filter { $0 != result.value }.compactMap { member -> String? in
            group.facts.expression(of: member).map { "\($0.operationCount)" }
        }
        return [
            "\(list(extents.prefix(resultRank))) over \(list(extents.dropFirst(resultRank)))", text(vector), text(broadcast),
            "then \(epilogue.isEmpty ? "no" : epilogue.joined(separator: "+")) operations, \(group.reads.count) reads, \(group.results.count) results",
        ].joined(separator: "; ")
    }
}
