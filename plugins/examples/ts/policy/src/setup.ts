// The settings.

import { get } from "wardlet:plugin/document@0.1.0";
import type { SettingFault as Fault } from "wardlet:plugin/plugin@0.1.0";

import { child, item, members, textAt } from "./document.js";

/** The argument that holds recipients, unless the operator names another. */
const ARGUMENT = "to";

/** The names of all settings. */
const SETTINGS: readonly string[] = ["domains", "argument", "ask_above"];

/** Who may be sent to. */
export interface Setup {
  /** Domains in small letters. */
  readonly domains: readonly string[];
  /** The argument that holds the recipients. */
  readonly argument: string;
  /** More recipients than this wait for a human. */
  readonly askAbove: number;
}

/** A setting that is not as it should be: where it stands, and how to mend it. */
class SettingFault extends Error implements Fault {
  constructor(
    readonly pointer: string,
    message: string,
  ) {
    super(message);
  }
}

/** Checks every setting, and throws what is wrong: one that is misspelt is not passed over. */
export function checkSetup(): void {
  const message = `no such setting; known are: ${SETTINGS.join(", ")}`;
  const faults = [...members("settings", "")]
    .filter((name) => !SETTINGS.includes(name))
    .map((name) => new SettingFault(child("", name), message));
  if (faults.length > 0) throw faults;
  try {
    readSetup();
  } catch (error) {
    throw error instanceof SettingFault ? [error] : error;
  }
}

/** Reads the settings, and throws the first fault. */
export function readSetup(): Setup {
  return {
    domains: readDomains().map(lowerCase),
    argument: readArgument(),
    askAbove: readAskAbove(),
  };
}

/** Whether a domain is one of those that are named. A domain below one of them is another. */
export function allows(setup: Setup, domain: string): boolean {
  return setup.domains.includes(lowerCase(domain));
}

function readDomains(): string[] {
  const list = get("settings", "/domains");
  if (list?.tag !== "items" || list.val === 0) {
    throw new SettingFault("/domains", 'name at least one domain, for example ["example.com"]');
  }
  return Array.from({ length: list.val }, (_, index) => {
    const pointer = item("/domains", index);
    const domain = textAt("settings", pointer);
    if (domain === undefined) throw new SettingFault(pointer, "give a text here");
    return domain;
  });
}

function readArgument(): string {
  const pointer = "/argument";
  if (get("settings", pointer) === null) return ARGUMENT;
  const argument = textAt("settings", pointer);
  if (argument === undefined) throw new SettingFault(pointer, "give a text here");
  return argument;
}

function readAskAbove(): number {
  const pointer = "/ask_above";
  const most = get("settings", pointer);
  if (most === null) return Infinity;
  // A number is the literal as the operator wrote it.
  if (most.tag !== "number" || !/^[1-9][0-9]*$/.test(most.val)) {
    throw new SettingFault(pointer, "give a whole number from 1 on");
  }
  return Number(most.val);
}

/**
 * Domains differ in no more than the case of ASCII letters; `toLowerCase` alone would make others
 * alike, such as the sign for kelvin and `k`.
 */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
