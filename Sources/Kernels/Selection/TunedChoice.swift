/// How a contraction is computed, chosen by measurement: an algorithm, and how its work is cut.
///
/// It may come from a file: nothing of it is trusted. It is used only where the variant is allowed and the schedule is sound.
public struct TunedChoice: Sendable {
    /// The name of a variant (`ContractionVariant.name`): `direct`, or a form of minimal filtering such as `F(4x4, 3x3)`.
    public var algorithm: String
    /// Nil leaves it to the cost model.
    var schedule: (any ContractionSchedule)?

    init(_ algorithm: String, _ schedule: (any ContractionSchedule)? = nil) {
        self.algorithm = algorithm
        self.schedule = schedule
    }

    /// The algorithm alone: which bits a result has depends on nothing else.
    public var withoutSchedule: TunedChoice { TunedChoice(algorithm) }
}

extension TunedChoice: Hashable {
    private var hashableSchedule: AnyHashable? { schedule.map { AnyHashable($0) } }

    public static func == (a: TunedChoice, b: TunedChoice) -> Bool {
        a.algorithm == b.algorithm && a.hashableSchedule == b.hashableSchedule
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(algorithm)
        hasher.combine(hashableSchedule)
    }
}

extension TunedChoice: Codable {
    private enum Key: CodingKey { case algorithm, schedule }

    /// Reads the schedule as that of the algorithm which has a variant of this name; a name that no row of the table knows is refused.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let name = try container.decode(String.self, forKey: .algorithm)
        guard let row = ContractionAlgorithm.all.first(where: { $0.isTunable && $0.isVariant(name) }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .algorithm, in: container, debugDescription: "no algorithm that is measured has a variant '\(name)'")
        }
        func schedule<Schedule: ContractionSchedule>(_ type: Schedule.Type) throws -> any ContractionSchedule {
            try container.decode(type, forKey: .schedule)
        }
        try self.init(name, schedule(row.schedule))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(algorithm, forKey: .algorithm)
        if let schedule { try container.encode(schedule, forKey: .schedule) }
    }
}

extension TunedChoice: CustomStringConvertible {
    /// The algorithm with its schedule, for people.
    public var description: String { ([algorithm] + [schedule?.text].compactMap { $0 }).joined(separator: ", ") }
}
