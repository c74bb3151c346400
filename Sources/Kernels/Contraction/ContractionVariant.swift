/// One way to compute one contraction: by an algorithm, or by one of its several forms.
///
/// An algorithm's row (`ContractionAlgorithm`) makes them for the problems that it takes.
protocol ContractionVariant {
    /// How its work is cut, where that can be measured; `Never` where it is cut in one way.
    associatedtype Schedule: ContractionSchedule

    var problem: ContractionProblem { get }
    /// What measurements on disk call it (`TunedChoice.algorithm`): no other variant of the problem is called so.
    var name: String { get }
    /// What people read, with how often it is done.
    var title: String { get }
    var exactness: Exactness { get }
    /// How many products are done for each product of the contraction.
    var productsOfEach: Int { get }
    /// Why it may not be taken; nil if it may.
    var objection: String? { get }
    /// What the cost model says that one thread takes; nil where it says nothing, so that all else comes first.
    ///
    /// It must not follow from the number of cores: what is chosen by it decides the result's bits.
    var cycles: Double? { get }
    /// How the cost model cuts the work for the target's cores, and what the thread with the most work then takes; nil where it is cut in
    /// one way. The order of arithmetic may not depend on it.
    var predicted: (schedule: Schedule, cycles: Double)? { get }

    /// Schedules that are worth measuring, all of them allowed, with what the thread with the most work takes, in no order.
    func candidates() -> [(schedule: Schedule, cycles: Double)]

    /// Whether a schedule, which may come from a file, can be lowered.
    func allows(_ schedule: Schedule) -> Bool

    /// The kernels, with `choice` on those calls that do the multiply-accumulates (`KernelCall.computing`).
    ///
    /// - Parameter schedule: an allowed one; nil leaves it to the cost model.
    func lower(_ schedule: Schedule?, _ choice: AlgorithmChoice) -> LoweredGroup
}

extension ContractionVariant {
    var title: String { name }
    var exactness: Exactness { .asWritten }
    var productsOfEach: Int { 1 }
    var objection: String? { problem.objection(to: exactness) }
}

extension ContractionVariant where Schedule == Never {
    var predicted: (schedule: Never, cycles: Double)? { nil }
    func candidates() -> [(schedule: Never, cycles: Double)] { [] }
    func allows(_ schedule: Never) -> Bool {}
}

/// How the work of a variant is cut; a file of measurements keeps it as a JSON object.
///
/// Results do not depend on it. It may come from a file: nothing of it is trusted before `ContractionVariant.allows`.
protocol ContractionSchedule: Hashable, Codable, Sendable {
    /// For people, in a few words.
    var text: String { get }
    /// What schedules have in common that take nearly the same time: of those only the best is measured.
    var kind: [Int] { get }
}

extension Never: ContractionSchedule {
    var text: String { switch self {} }
    var kind: [Int] { switch self {} }
}

extension Int {
    /// The power of 2 below: schedules whose sizes have it in common differ little.
    var magnitudeClass: Int { Int.bitWidth - leadingZeroBitCount }
}

extension KernelCall {
    /// The call with what it does of a contraction, and by which choice.
    func computing(_ contraction: ContractionShape, _ choice: AlgorithmChoice) -> KernelCall {
        var call = self
        call.multiplyAccumulates = contraction.multiplyAccumulates
        call.choice = choice
        return call
    }
}
