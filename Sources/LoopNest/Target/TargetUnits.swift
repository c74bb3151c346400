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
            dotProducts: DotProduct.all(features, vectors, maker), tiles: TileUnit(features), caches: caches, cores: cores)
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

    /// Whether code for `other` runs on this machine: the same family, with vectors at least as wide and every unit that code may use.
    public func canRun(_ other: Target) -> Bool {
        triple.prefix { $0 != "-" } == other.triple.prefix { $0 != "-" } && lanes >= other.lanes
            && featureList.contains(all: other.featureList.present)
    }
}
