/** What the rest of the engine knows of a model family. A family is a folder beside this file and a line in index.ts. */

import type { Json } from '../decoder/fields.ts';
import type { AdaptedLinear } from '../decoder/lora.ts';
import type { ShownClip, VisionGrid } from '../decoder/mrope.ts';
import type { DecoderSources, Qwen2Config } from '../decoder/qwen2.ts';
import type { PromptPositions } from '../decoder/rows.ts';
import type { WeightLoader, WeightParts, Weights } from '../decoder/weights.ts';
import type { Gpu } from '../gpu/index.ts';
import type { FileTree } from '../io/files/files.ts';
import type { Decoder, Tower } from '../io/formats/peft.ts';
import type { DecodedMedium, DecodeOptions, MediumKind } from '../media/types.ts';
import type { Config } from '../protocol/config.ts';
import type { PythonLoading, UsualSettings } from '../protocol/messages.ts';
import type { ChatTemplate } from '../text/chat-template.ts';
import type { Chat } from '../text/encode-prompt.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { WordSettings, Words } from '../text/words.ts';
import type { Bert } from './humanomni/bert.ts';
import type { MediaProjectors } from './humanomni/parts.ts';
import type { Qwen2VlVision, VisionSources } from './qwen-vl/vision.ts';
import type { ClipEncoder, ClipInput } from './shared/clip-encoder.ts';
import type { ModelFiles } from './shared/model-files.ts';
import type { TowerAliases } from './shared/weight-sources.ts';

/** What a checkpoint's configs say; a family's own type adds its towers. */
export interface ModelConfig {
  readonly family: string;
  readonly decoder: Qwen2Config;
}

/** A checkpoint whose frozen encoders can be loaded when they are needed. */
export interface EncoderSource<C extends ModelConfig = ModelConfig> {
  readonly files: ModelFiles;
  readonly config: C;
  /** How clips are shown to it, where that matters. */
  readonly clips?: Pick<ClipRecipe, 'unencoded'>;
}

/** How many tokens what is seen and what is heard become, at most; 0 = nothing is. */
export interface MediaCounts {
  readonly video: number;
  readonly audio: number;
}

/** Places of the tokens of one thing that is seen or heard in a prompt. */
export interface MediaSlot {
  /** First token inside the prompt. */
  readonly start: number;
  readonly count: number;
}

/** A prompt as the decoder sees it: one id per token, 0 where a media token takes the place. */
export interface PromptTokens {
  readonly ids: Uint32Array;
  /** Of the pictures and videos that are seen, and of what is heard, in the order of the example's media. */
  readonly video?: readonly MediaSlot[];
  readonly audio?: readonly MediaSlot[];
  /** Absent where the tokens simply follow one another. */
  readonly positions?: PromptPositions;
}

/** What of a run's settings says how large and how often frames are shown. */
export type ClipSettings = Pick<Config, 'minPixels' | 'maxPixels' | 'framesPerSecond' | 'maxFrames'>;

/** What of a run's settings makes its prompts, and the words of a row; without these, of the settings alone. */
export type PromptSettings = WordSettings & Partial<ClipSettings> & { readonly words?: Words };

/** Tokens of these places. */
export const slotTokens = (slots: readonly MediaSlot[] = []): number =>
  slots.reduce((sum, { count }) => sum + count, 0);

/** A question about certain kinds of media, ready for the decoder and for the gate. */
export interface RunPrompt extends Chat {
  /** The user's turn in words, without what stands for the media. */
  readonly asked: string;
  /** Whether it is that of rows which ask something else than the settings alone do. */
  readonly isOwn?: boolean;
  /** What the template begins the answer with; '' for nothing. */
  readonly prefill: string;
  /** What the template does to it that nobody may expect, a sentence each. */
  readonly notes: readonly string[];
  /** As the decoder reads it, with placeholders for the media. */
  readonly rendered: string;
  /** Tokens of the longest prompt that a clip can make of it. */
  readonly longest: number;
  /** Positions, on any axis, of the prompt that reaches furthest. */
  readonly positions: number;
  /** Tokens that what it is about becomes, at most. */
  readonly counts: MediaCounts;
  /** The prompt of an example; `shown`: what the tower saw of each picture and video, for models that ask for that. */
  tokensOf(shown?: readonly ShownClip[]): PromptTokens;
  /** Ids of the text that steers the gate; none where there is no gate. */
  readonly gateIds: readonly number[];
}

/** What turns text into ids, and settings into the prompt of a run. */
export interface TextTools {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** `media`: what is shown and played with the question, in order; nothing: it is asked of text alone. */
  promptOf(settings: PromptSettings, media: readonly MediumKind[]): RunPrompt;
}

/** A picture, or the frames of a clip, as the model sees them: f32 [frames, 3, height, width], `value · std + mean` in 0..1. */
export interface Pictures {
  readonly values: Float32Array;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  /** Length of the clip. */
  readonly seconds: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** The sound of a clip as the model hears it: f32 [mel bins, columns]. */
export interface Heard {
  readonly values: Float32Array;
  readonly melBins: number;
}

/** How what an example shows and plays is prepared for a model's towers. What a family lacks is absent. */
export interface ClipRecipe {
  /** Names what is prepared, as plain data: features that were kept under another are not used. */
  readonly identity: object;
  /** Tokens of one clip, at most. */
  readonly counts: MediaCounts;
  /** Whether features are what a tower inside the policy takes, and no encoder has run. */
  readonly unencoded?: boolean;
  /** The recipe under settings of a run, with the tower inside its policy or before it; absent where no setting changes it. */
  under?(settings: ClipSettings, inside: boolean): ClipRecipe;
  /** Why the model is not shown these media together, a sentence; undefined: it is. */
  refuses(media: readonly MediumKind[]): string | undefined;
  /** What is decoded of each of these media, none of which is refused; undefined for one that it takes no notice of. */
  decoding(media: readonly MediumKind[]): readonly (DecodeOptions | undefined)[];
  /** A grid of as many patches as a clip can become, for towers that take frames of any size. */
  readonly largest?: VisionGrid;
  /** Made on the device that tfjs was given. @throws InputError where a clip has no picture, or is too long */
  pictures(media: readonly DecodedMedium[]): Promise<readonly Pictures[]>;
  /** What of these pictures the prompt has to know. */
  shown?(pictures: Pictures): ShownClip;
  /** Nothing where nothing is heard. @throws InputError where there is no sound */
  hear?(media: readonly DecodedMedium[]): Promise<Heard | undefined>;
  /** What the towers take of an example's decoded media. @throws InputError where a picture or a sound is missing */
  input(media: readonly DecodedMedium[]): Promise<ClipInput>;
  /** A clip of which nothing is seen and nothing is heard, for evaluation with a sense muted. */
  empty?(): Promise<ClipInput>;
}

/** The encoder of the texts that steer a gate. */
export interface GateText {
  /** Extent of the row that a text becomes. */
  width(config: ModelConfig): number;
  /** f32 [width] for each text: the encoder is on the device only while this runs. */
  encode(gpu: Gpu, source: EncoderSource, texts: readonly (readonly number[])[]): Promise<Float32Array[]>;
}

/** What exports say of a family to those who go on elsewhere. */
export interface Handoff {
  /** What loads the model in Python. */
  readonly loading: PythonLoading;
  /** Where the decoder lies in the model as transformers, or the family's own package, loads it. */
  readonly decoder: Decoder;
  /** Where the vision tower lies in it, if it has one that adapters may sit on. */
  readonly tower?: Tower;
  /** What R1-Omni's trainer shows the model of a clip: "video", "video and sound"; absent where it trains no such model. */
  readonly shownByR1Omni?: string;
  /** Arguments that R1-Omni's launcher takes beside the usual ones, as they stand in a shell command. */
  readonly r1OmniArguments: string;
  readonly r1OmniNotes: readonly string[];
  /** Whether verl's loader shows the model its videos; else it trains on the text of the prompts alone. */
  readonly seesInVerl: boolean;
  /** What a model trained by TRL is not shown; absent where TRL shows it everything. */
  readonly blindInTrl?: string;
  readonly textPartNotes: readonly string[];
  /** The package in Python that the bundle brings along where transformers has no such model. */
  readonly twin?: 'humanomni';
  /** What computes otherwise elsewhere. */
  readonly differences: readonly string[];
}

export interface Family {
  /** As the page calls it. */
  readonly name: string;
  /** The model_type of its config.json, for messages: "qwen2_vl", "that begins with …". */
  readonly modelType: string;
  /** Which published checkpoints it is, and what their folder must hold, for messages. */
  readonly published: string;
  /** Whether a config.json is that of a model of the family. */
  recognises(config: Json): boolean;
  /** Whether such a checkpoint may be a part of another family's model, or its base: it is opened only where the folder holds no other model. */
  readonly onlyAlone?: boolean;
  /** Finds a checkpoint in a folder: the one at `path`, or that nearest to the top. @throws InputError if there is none */
  openFiles(tree: FileTree, path?: string): Promise<ModelFiles>;
  /** Refuses files in which a whole part is missing. @throws InputError naming it */
  demandParts?(files: ModelFiles, loader: WeightLoader): void;
  /** @throws InputError naming the field or type that is not supported */
  readConfig(files: ModelFiles, loader: WeightLoader): ModelConfig;
  /** Opens every tensor of a checkpoint. */
  openAll(
    gpu: Gpu,
    config: ModelConfig,
    files: ModelFiles,
    sources: DecoderSources & { readonly openPart: WeightParts },
  ): void;
  /** Names that tensors in a tower's own folder have in a checkpoint of one file. */
  readonly aliases: TowerAliases;
  /** The settings that suit it where nobody has chosen any. */
  readonly usual: UsualSettings;
  /** Parts that can train. */
  readonly trainable: readonly ('decoder' | 'projectors' | 'gate' | 'bert' | 'vision')[];
  /** What of the config decides what towers make of a clip. */
  towerConfig(config: ModelConfig): object;
  /** Absent for language models, which have no towers. */
  clips?(config: ModelConfig, files: ModelFiles): Promise<ClipRecipe>;
  openText(tree: FileTree, files: ModelFiles, config: ModelConfig): Promise<TextTools>;
  /** Loads the towers of a checkpoint; absent where it has none. The caller closes them: training does without. */
  openEncoder?(
    gpu: Gpu,
    source: EncoderSource,
    progress?: (doneBytes: number, totalBytes: number) => void,
  ): Promise<ClipEncoder>;
  readonly gateText?: GateText;
  /** What is between towers and decoder; absent where towers make the decoder's tokens themselves. */
  readonly between?: {
    openProjectors(open: Weights, config: ModelConfig, files: ModelFiles): MediaProjectors;
    openGateEncoder(open: Weights, config: ModelConfig): Bert;
  };
  /** The vision tower, where it can be a part of what trains. */
  readonly tower?: {
    open(gpu: Gpu, config: ModelConfig, sources: VisionSources): Qwen2VlVision;
    /** Its linear layers, for adapters: by published paths. */
    linears(config: ModelConfig): AdaptedLinear[];
  };
  /** Files that belong to the checkpoint though they lie beside its folders. */
  filesBeside?(tree: FileTree, files: ModelFiles): FileTree['files'];
  readonly handoff: Handoff;
}
