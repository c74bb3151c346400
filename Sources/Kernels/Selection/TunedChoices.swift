import Graph

/// The tuned choices that a plan is made with, by `ContractionShape.tuningKey`; for one target, numerics and number of threads.
public struct TunedChoices: Hashable, Sendable {
    private var choices: [String: TunedChoice]

    public init(_ choices: [String: TunedChoice] = [:]) { self.choices = choices }

    /// Leaves every choice to the cost model.
    public static let none = TunedChoices()

    public var isEmpty: Bool { choices.isEmpty }

    /// The same algorithms, their schedules left to the cost model.
    public var withoutSchedules: TunedChoices { TunedChoices(choices.mapValues(\.withoutSchedule)) }

    /// A text that tells choices apart.
    public var text: String { choices.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n") }

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
        /// What values are stored as, where that is not f32.
        func narrow(_ values: [Value]) -> String { values.compactMap { graph[$0].stored.map { " \($0.rawValue)" } }.joined() }
        func text(_ access: Access) -> String {
            let blocks = graph.layout(access.value).blocks.map { "\($0.axis):\($0.size)" }.joined(separator: ",")
            let origin =
                group.reads.contains(access.value)
                ? (group.facts.isPrepared(access.value) ? "kept" : "stored") : "computed \(group.operationCount(of: access.value))"
            return
                "\(list(graph.extents(access.value)))[\(access.position.map(text).joined(separator: ", "))] \(blocks.isEmpty ? "plain" : blocks)\(narrow([access.value])) \(origin)"
        }
        let epilogue = group.members.filter { $0 != result.value }.compactMap { member -> String? in
            group.facts.expression(of: member).map { "\($0.operationCount)" }
        }
        let others = group.reads.filter { $0 != vector.value && $0 != broadcast.value }
        let factors = graph[result.value].factors.map { ["factors \($0.rawValue)"] } ?? []
        let parts = [
            "\(list(extents.prefix(resultRank))) over \(list(extents.dropFirst(resultRank)))", text(vector), text(broadcast),
            "then \(epilogue.isEmpty ? "no" : epilogue.joined(separator: "+")) operations, \(group.reads.count) reads\(narrow(others)), \(group.results.count) results\(narrow(group.results))",
        ]
        return (parts + factors).joined(separator: "; ")
    }
}
