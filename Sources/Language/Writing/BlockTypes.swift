/// Finds blocks that are alike: the same steps with the same wiring and labels, whose arguments may differ, and of which one may lack a
/// few steps that the others have.
struct BlockTypes {
    /// Those of least height first.
    private(set) var types: [BlockType] = []
    private var keys = BlockKey()

    /// - Parameter blocks: the innermost first.
    init(_ blocks: [BlockInstance], _ outline: Outline) {
        var heights: [ObjectIdentifier: Int] = [:]
        var byHeight: [[BlockInstance]] = []
        for block in blocks {
            var height = 0
            for step in block.body.steps {
                if case .block(let inner) = step.callee { height = max(height, (heights[ObjectIdentifier(inner)] ?? 0) + 1) }
            }
            heights[ObjectIdentifier(block)] = height
            while byHeight.count <= height { byHeight.append([]) }
            byHeight[height].append(block)
        }
        for blocks in byHeight {
            var groups: [String: [BlockInstance]] = [:]
            var order: [String] = []
            for block in blocks.sorted(by: { ($0.step?.order ?? 0) < ($1.step?.order ?? 0) }) {
                let key = keys.key(of: block.body, depth: block.depth)
                if groups[key] == nil { order.append(key) }
                groups[key, default: []].append(block)
            }
            var found: [(type: BlockType, key: String)] = order.compactMap { key in
                guard let instances = groups[key], let model = instances.first else { return nil }
                return (BlockType(instances, model: model), key)
            }
            merge(&found)
            for (type, _) in found {
                type.number = types.count
                BlockParameters(of: type, outline).apply()
                for instance in type.instances { instance.type = type }
                types.append(type)
            }
        }
    }

    // MARK: - Steps that only some have

    /// More types are not compared with each other, nor longer ones.
    private static let mostMerged = 40
    private static let longestMerged = 60

    /// Makes one type of two, where one has all that the other has and a few steps more in one place.
    private mutating func merge(_ found: inout [(type: BlockType, key: String)]) {
        guard found.count > 1, found.count <= Self.mostMerged else { return }
        var merged: Set<Int> = []
        let byLength = found.indices.sorted { found[$0].type.model.body.steps.count > found[$1].type.model.body.steps.count }
        for long in byLength where !merged.contains(long) && found[long].type.optional == nil {
            for short in byLength where short != long && !merged.contains(short) && found[short].type.optional == nil {
                let (type, other) = (found[long].type, found[short].type)
                guard type.instances.count + other.instances.count >= 3,
                    let optional = optional(in: type.model, otherwise: other.model, key: found[short].key)
                else { continue }
                type.join(other, lacking: optional)
                merged.insert(short)
                break
            }
        }
        found = found.indices.filter { !merged.contains($0) }.map { found[$0] }
    }

    /// The steps of a block without which it is like another one; nil where there are none.
    private mutating func optional(in block: BlockInstance, otherwise other: BlockInstance, key: String) -> OptionalPart? {
        let (steps, count) = (block.body.steps, block.body.steps.count - other.body.steps.count)
        guard count >= 1, steps.count <= Self.longestMerged, block.body.results.count == 1,
            block.body.inputs.count == other.body.inputs.count, other.weight >= 4
        else { return nil }
        var users: [Int: [Int]] = [:]
        for (index, step) in steps.enumerated() {
            for operand in step.inputs { if let wire = operand.wire { users[wire, default: []].append(index) } }
        }
        for operand in block.body.results { if let wire = operand.wire { users[wire, default: []].append(steps.count) } }
        for start in steps.indices {
            // A chain of steps each of which alone uses what the one before gives.
            var chain = [start]
            while chain.count < count, let last = chain.last, steps[last].results.count == 1, let wire = steps[last].results[0],
                let user = users[wire], user.count == 1, user[0] < steps.count
            { chain.append(user[0]) }
            guard chain.count == count, let last = chain.last, steps[last].results.count == 1, let output = steps[last].results[0],
                !chain.contains(where: { steps[$0].isDeclaration })
            else { continue }
            // It stands beside another way, or is one call that its label tells of; what only makes a chain longer is another block.
            let joins =
                steps[start].inputs.count > 1 || steps[start].inputs.contains { $0.wire.map { (users[$0]?.count ?? 0) > 1 } == true }
            let isNamed = chain.count == 1 && steps[start].isBlock && steps[start].label.last?.allSatisfy(\.isNumber) == false
            guard joins || isNamed else { continue }
            let weight = chain.reduce(0) { $0 + steps[$1].weight }
            guard weight <= max(3, other.weight / 2) else { continue }
            for input in Set(steps[start].inputs.compactMap(\.wire)).sorted() {
                let part = OptionalPart(steps: chain, input: input, output: output)
                let rest = part.without(block.body)
                if rest.inputs == block.body.inputs, keys.key(of: rest, depth: block.depth) == key { return part }
            }
        }
        return nil
    }
}

/// Steps of a block that only some of its calls have: one after the other from one value to another, in whose place the others have the
/// first value itself.
struct OptionalPart {
    /// By their places in the body.
    var steps: [Int]
    var input: Int
    var output: Int
    /// The parameter that says whether they are there.
    var name = ""

    /// A body without the steps.
    func without(_ body: OutlineBody) -> OutlineBody {
        func replaced(_ operand: Operand) -> Operand { operand == .wire(output) ? .wire(input) : operand }
        var rest: [OutlineStep] = []
        var used: Set<Int> = []
        for (index, step) in body.steps.enumerated() where !steps.contains(index) {
            let copy = step.copy()
            copy.operands = step.operands.map(replaced)
            copy.given = step.given.map { ($0.input, replaced($0.operand)) }
            used.formUnion(copy.inputs.compactMap(\.wire))
            rest.append(copy)
        }
        let results = body.results.map(replaced)
        used.formUnion(results.compactMap(\.wire))
        return OutlineBody(steps: rest, inputs: body.inputs.filter(used.contains), results: results)
    }
}
