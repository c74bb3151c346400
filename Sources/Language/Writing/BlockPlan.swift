import Graph

/// What of a network becomes blocks: what stands under one path of labels and is said more than once.
struct BlockPlan {
    private(set) var body: OutlineBody
    /// In an order in which each uses those before it.
    private(set) var types: [BlockType] = []

    init(_ outline: Outline, _ flat: OutlineBody) {
        SharedTowers.find(in: flat.steps)
        var paths = Self.candidates(flat.steps)
        body = flat
        // Each round takes back what cannot be a call or does not pay; few are needed. Without any path there is nothing to take back.
        for round in 0... {
            if round == Self.rounds { paths = [] }
            let tree = ModuleTree(flat.steps, results: flat.results, paths: paths)
            let (body, blocks, tangled) = tree.nested(inputs: flat.inputs, results: flat.results)
            if !tangled.isEmpty {
                Self.remove(tangled, from: &paths)
                continue
            }
            let types = BlockTypes(blocks, outline).types
            let sites = Self.sites(body, types)
            let idle = Self.outermost(types.filter { !Self.pays($0, sites[ObjectIdentifier($0)] ?? 0) })
            (self.body, self.types) = (body, types)
            if idle.isEmpty { break }
            Self.remove(Set(idle.flatMap { $0.instances.map(\.path) }), from: &paths)
        }
        hold(outline)
        BlockNaming.name(types, outline.functions)
    }

    private static let rounds = 40

    /// Takes back paths, with all uses of what is shared: a call can share the parameters of another call only.
    private static func remove(_ removed: Set<String>, from paths: inout Set<String>) {
        let labels = Set(removed.map { SharedTowers.label(of: $0) })
        paths = paths.filter { !labels.contains(SharedTowers.label(of: $0)) }
    }

    /// The paths that may become blocks: not those of steps that share parameters with others, which stand at several places.
    private static func candidates(_ steps: [OutlineStep]) -> Set<String> {
        var paths = ModuleTree.paths(of: steps)
        for step in steps {
            let isBound = step.isShared || step.inputs.contains { if case .size = $0 { true } else { false } }
            guard isBound else { continue }
            let path = SharedTowers.path(of: step)
            let isTower = step.tower != nil && !step.inputs.contains { if case .size = $0 { true } else { false } }
            let last = isTower ? (step.tower?.depth ?? 1) - 1 : path.count
            for count in 0..<last { paths.remove(path.prefix(count + 1).joined(separator: ".")) }
        }
        return paths
    }

    /// How often each block is called in the text.
    private static func sites(_ body: OutlineBody, _ types: [BlockType]) -> [ObjectIdentifier: Int] {
        var sites: [ObjectIdentifier: Int] = [:]
        for step in body.steps + types.flatMap(\.model.body.steps) {
            if case .block(let block) = step.callee, let type = block.type { sites[ObjectIdentifier(type), default: 0] += 1 }
        }
        return sites
    }

    /// Whether a block says in fewer words what its calls would say without it.
    private static func pays(_ type: BlockType, _ sites: Int) -> Bool {
        let body = type.model.body
        guard body.results.count <= 4, body.inputs.count <= 6, type.parameters.count <= type.size + 4 else { return false }
        if type.isNeeded { return true }
        return type.size >= 2 && !body.inputs.isEmpty && (sites - 1) * type.size >= 4
    }

    /// The blocks that no other one of them calls: what these are taken back for may be another thing then.
    private static func outermost(_ types: [BlockType]) -> [BlockType] {
        var called: Set<ObjectIdentifier> = []
        for step in types.flatMap(\.model.body.steps) {
            if case .block(let block) = step.callee, let type = block.type { called.insert(ObjectIdentifier(type)) }
        }
        return types.filter { !called.contains(ObjectIdentifier($0)) }
    }

    /// Gives each parameter whose name has a path, and that stands in no block of this path, a block of its own that only declares it.
    private mutating func hold(_ outline: Outline) {
        var made: [BlockInstance] = []
        func held(_ steps: [OutlineStep], depth: Int) -> [OutlineStep] {
            steps.map { step in
                guard case .parameter = step.callee, step.label.count > depth + 1, let wire = step.results[0] else { return step }
                let path = Array(step.label.dropLast())
                let block = BlockInstance(
                    OutlineBody(steps: [step], inputs: [], results: [.wire(wire)]), path: path.joined(separator: "."), depth: path.count)
                let call = OutlineStep(.block(block), order: step.order, operands: [.number(0)], results: [wire])
                call.label = path
                block.step = call
                made.append(block)
                return call
            }
        }
        body.steps = held(body.steps, depth: 0)
        // Of blocks that are alike only one is written.
        for type in types { for instance in type.instances { instance.body.steps = held(instance.body.steps, depth: instance.depth) } }
        guard !made.isEmpty else { return }
        types = BlockTypes(made, outline).types + types
    }
}
