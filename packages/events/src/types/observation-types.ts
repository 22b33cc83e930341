import { Biomarker } from './biomarker.ts';
import { ControlledEnvironment } from './controlled-environment.ts';
import { DoseGiven } from './dose-given.ts';
import {
  ArmAssigned,
  ParticipantEnrolled,
  ParticipantLeft,
  ParticipantRandomised,
  ParticipantRerandomised,
} from './participant.ts';
import { ScaleScore } from './scale-score.ts';
import { UrineScreen } from './urine-screen.ts';
import { UseCalendar } from './use-calendar.ts';
import { VisitAttended, VisitMissed } from './visit.ts';

/** Everything that can be observed of a participant, by short type name. A new type is one line here. */
export const observationTypes = {
  'participant-enrolled': ParticipantEnrolled,
  'participant-randomised': ParticipantRandomised,
  'participant-rerandomised': ParticipantRerandomised,
  'arm-assigned': ArmAssigned,
  'visit-attended': VisitAttended,
  'visit-missed': VisitMissed,
  'urine-screen': UrineScreen,
  biomarker: Biomarker,
  'use-calendar': UseCalendar,
  'dose-given': DoseGiven,
  'scale-score': ScaleScore,
  'controlled-environment': ControlledEnvironment,
  'participant-left': ParticipantLeft,
} as const;

export type ObservationType = keyof typeof observationTypes;
