/// What two trainings did differently, and what came out.
public struct TrainingComparison: Sendable {
    /// Something that differs, such as the seed; nil where one of them does not tell.
    public struct Difference: Equatable, Sendable {
        public var name: String
        public var first: String?
        public var second: String?
    }

    public struct Result: Equatable, Sendable {
        public enum Unit: Sendable { case share, number, epochs, seconds }

        public var name: String
        public var unit: Unit
        public var first: Double?
        public var second: Double?
    }

    /// What was trained on what, as far as it differs.
    public var settings: [Difference] = []
    /// The clauses of the recipe that differ, by their first word.
    public var recipe: [Difference] = []
    public var results: [Result] = []
    /// Whether both files say how they were trained.
    public var knowsRecipes: Bool

    public init(_ first: TrainingRecord, _ second: TrainingRecord) {
        knowsRecipes = first.run != nil && second.run != nil
        func compare(_ name: String, _ value: (TrainingRun) -> String?) {
            let (ours, theirs) = (first.run.flatMap(value), second.run.flatMap(value))
            if ours != theirs { settings.append(Difference(name: name, first: ours, second: theirs)) }
        }
        compare("network", \.network)
        compare("parameters") { run in
            run.definitions.isEmpty
                ? nil : run.definitions.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        }
        compare("data", \.data)
        compare("pictures") { "\($0.trainingPictures)" }
        compare("held-out pictures") { "\($0.heldOutPictures)" }
        compare("batch") { "\($0.batch)" }
        compare("seed") { "\($0.seed)" }
        compare("epochs") { "\($0.epochs)" }
        compare("weights") { $0.weights ?? "random" }
        compare("numerics", \.numerics)
        compare("network and loss") { String($0.graph.prefix(12)) }
        compare("status", \.status.rawValue)
        recipe = Self.clauses(first.run?.recipe ?? [], second.run?.recipe ?? [])
        func add(_ name: String, _ unit: Result.Unit, _ value: (TrainingRecord) -> Double?) {
            let (ours, theirs) = (value(first), value(second))
            if ours != nil || theirs != nil { results.append(Result(name: name, unit: unit, first: ours, second: theirs)) }
        }
        // What both report is compared.
        let metric = first.history.metric == second.history.metric ? first.history.reported : nil
        let unit: Result.Unit = metric?.isShare == true ? .share : .number
        if let metric { add("best held-out \(metric.title)", unit) { $0.history.best?.heldOutMetric } }
        add("best epoch", .epochs) { $0.history.best.map { Double($0.epoch) } }
        if let metric { add("last held-out \(metric.title)", unit) { $0.history.epochs.last?.heldOutMetric } }
        add("last held-out loss", .number) { $0.history.epochs.last?.heldOutLoss }
        if let metric { add("last \(metric.title)", unit) { $0.history.epochs.last?.metric } }
        add("last loss", .number) { $0.history.epochs.last?.loss }
        add("epochs done", .epochs) { Double($0.history.epochs.count) }
        add("seconds", .seconds) { $0.run?.seconds }
    }

    private static func clauses(_ first: [String], _ second: [String]) -> [Difference] {
        func word(_ line: String) -> String { String(line.prefix { $0 != " " }) }
        var words: [String] = []
        for line in first + second where !words.contains(word(line)) { words.append(word(line)) }
        return words.compactMap { name in
            let (ours, theirs) = (first.first { word($0) == name }, second.first { word($0) == name })
            return ours == theirs ? nil : Difference(name: name, first: ours, second: theirs)
        }
    }
}
