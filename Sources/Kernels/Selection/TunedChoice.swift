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
