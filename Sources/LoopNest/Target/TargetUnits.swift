extension Target {
    /// The machine that has the units which its features name. They count, not the model: a virtual machine may hide some.
    ///
    /// - Parameter lendsTiles: whether the system lets this process use tiles; asked once, and only where the features name them. Where it
    ///   does not, there are none for the code generator either.
    public init(
        name: String, triple: String, processor: String, features: FeatureList, caches: DataCaches, cores: Int, lendsTiles: () -> Bool
    ) {
        let isX86 = triple.hasPrefix("x86_64")
        let vectors = isX86 ? VectorUnit.x86(features) : .neon
        let maker = ProcessorMaker(processor: processor, features: features, isX86: isX86)
        self.init(
            name: name, triple: triple, processor: processor, features: features.text, vectors: vectors,
            dotProducts: DotProduct.all(features, vectors, maker), tiles: TileUnit(features), caches: caches, cores: cores,
            speed: .known(of: processor, features: features, isX86: isX86))
        if tiles != nil && !lendsTiles() { self = withoutTiles }
    }

    /// The machine as if it had no tiles, for schedules and for the code generator.
    public var withoutTiles: Target {
        var target = self
        target.tiles = nil
        target.features = featureList.without(featureList.present.filter(TileUnit.isFeature)).text
        return target
    }

    /// The machine as if its vectors had no dot products, for schedules and for the code generator.
    public var withoutDotProducts: Target {
        var target = self
        target.dotProducts = [:]
        target.features = featureList.without(DotProduct.features).text
        return target
    }

    /// Whether code for `other` runs on this machine.
    public func canRun(_ other: Target) -> Bool { missingUnits(for: other).isEmpty }

    /// What code for `other` may use and this machine has not, as people call it, with the features' names. Every unit is asked for, and
    /// where the machine is of another kind altogether, that is all there is to say.
    public func missingUnits(for other: Target) -> [String] {
        guard kind == other.kind else { return [other.kind] }
        let absent = other.featureList.present.filter { !featureList.contains($0) && !vectors.implies($0) }
        let wide = lanes < other.lanes ? ["\(other.vectors.name) vectors"] : []
        let (tile, dot) = (absent.filter(TileUnit.isFeature), absent.filter(DotProduct.features.contains))
        let rest = absent.filter { !tile.contains($0) && !dot.contains($0) }
        return wide
            + [("tiles", tile), ("dot products", dot)].filter { !$0.1.isEmpty }.map { "\($0.0) (\($0.1.joined(separator: ", ")))" }
            + rest
    }

    /// The processor's family and the system's format of machine code.
    private var kind: String {
        let family = triple.prefix { $0 != "-" }
        return "an \(family == "arm64" ? "aarch64" : family) processor\(triple.contains("-apple-") ? " of Apple's systems" : "")"
    }

    /// Its units in a few words: `AVX-512, dot products of bf16 and int8, no tiles`.
    public var unitSummary: String {
        func list(_ numbers: [NarrowNumber]) -> String { numbers.map(\.rawValue).joined(separator: " and ") }
        let products = NarrowNumber.allCases.filter { dotProducts[$0] != nil }
        let tiled = NarrowNumber.allCases.filter { tiles?.numbers.contains($0) ?? false }
        return "\(vectors.name), \(products.isEmpty ? "no dot products" : "dot products of \(list(products))"), "
            + (tiled.isEmpty ? "no tiles" : "tiles of \(list(tiled))")
    }

    /// The target as a machine with the same units runs its code: with that machine's caches, cores and speed.
    public func on(_ machine: Target) -> Target {
        var target = self
        (target.caches, target.cores, target.speed) = (machine.caches, machine.cores, machine.speed)
        return target
    }
}
