/// The machine that kernels are scheduled and compiled for: what a schedule may count on and how the code generator names it.
///
/// This is the one description of a machine. Passes, schedules and cost models ask it what there is, and never the processor's name.
public struct Target: Hashable, Sendable, CustomStringConvertible {
    /// A preset's name, or `host`, with what is forbidden behind it; for people only.
    public var name: String
    /// The code generator's triple, processor name and feature list.
    public var triple: String
    public var processor: String
    public var features: String
    public var vectors: VectorUnit
    /// The dot products that vectors have, by what they multiply.
    public var dotProducts: [NarrowNumber: DotProduct]
    /// Nil where there is none, or the system does not lend it to this process.
    public var tiles: TileUnit?
    public var caches: DataCaches
    public var cores: Int
    /// What predictions go by.
    public var speed: MachineSpeed

    public init(
        name: String, triple: String, processor: String, features: String, vectors: VectorUnit,
        dotProducts: [NarrowNumber: DotProduct] = [:], tiles: TileUnit? = nil, caches: DataCaches, cores: Int,
        speed: MachineSpeed = .amdZen4
    ) {
        self.name = name
        self.triple = triple
        self.processor = processor
        self.features = features
        self.vectors = vectors
        self.dotProducts = dotProducts
        self.tiles = tiles
        self.caches = caches
        self.cores = cores
        self.speed = speed
    }

    public var description: String { name }

    /// The number of f32 values in a vector register, which is how many channels stand in a block.
    public var lanes: Int { vectors.lanes }

    /// How the dot products of pairs of bf16 sum their products; nil where there are none.
    public var pairRule: DotProduct.PairRule? { dotProducts[.bfloat16]?.pairRule }

    /// What the code generator may use, one by one.
    public var featureList: FeatureList { FeatureList(features) }
}

/// The data caches that a core sees, in bytes. The first two are its own, the last is shared by the cores.
public struct DataCaches: Hashable, Sendable {
    public var level1: Int
    public var level2: Int
    public var level3: Int

    public init(level1: Int, level2: Int, level3: Int) { (self.level1, self.level2, self.level3) = (level1, level2, level3) }
}
